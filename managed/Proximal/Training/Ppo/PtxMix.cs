using Proximal.Internal;
using Proximal.Training.Sft;

namespace Proximal.Training.Ppo;

/// <summary>Adds the gradient of supervised examples to the actor's. Which ones follows from the seed and its optimizer steps.</summary>
internal sealed class PtxMix(PpoPtx options, ulong seed, int microBatchTokens)
{
    private const ulong OrderStream = 4UL << 48;

    private int[] _order = [];
    private long _pass = -1;

    /// <summary>Accumulates the examples of one optimizer step.</summary>
    /// <param name="trainer">The actor's.</param>
    /// <param name="steps">Optimizer steps it has done.</param>
    /// <param name="cancellationToken">Ends the work between two passes.</param>
    /// <returns>The mean cross-entropy, before the coefficient.</returns>
    public double Accumulate(Trainer trainer, long steps, CancellationToken cancellationToken)
    {
        int[] items = [.. Enumerable.Range(0, options.Sequences).Select(i => At((steps * options.Sequences) + i))];
        double normalizer = SftBatch.Targets(options.Examples, items) / options.Coefficient;
        double loss = 0;
        foreach (int[] part in SequencePacking.Cut(items, item => options.Examples[item].Tokens.Length, microBatchTokens))
        {
            cancellationToken.ThrowIfCancellationRequested();
            loss += trainer.Accumulate(
                SftBatch.Pack(options.Examples, part), new CrossEntropyObjective { Normalizer = normalizer }).Loss;
        }

        return loss / options.Coefficient;
    }

    private int At(long cursor)
    {
        (long pass, long place) = Math.DivRem(cursor, options.Examples.Count);
        if (pass != _pass)
        {
            _order = new RandomStream(seed, OrderStream + (ulong)pass).Permutation(options.Examples.Count);
            _pass = pass;
        }

        return _order[place];
    }
}
