namespace Proximal.Training.Ppo;

/// <summary>Cuts the sequences of an optimizer step into micro-batches and weighs their tokens.</summary>
internal static class MinibatchPlan
{
    /// <summary>Plans one optimizer step.</summary>
    /// <param name="rollout">Where the sequences are from.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="index">The step's place in the epoch, from 0.</param>
    /// <param name="sequences">Its sequences, in order.</param>
    /// <param name="options">Reduction and the sizes of a micro-batch.</param>
    public static Minibatch Plan(Rollout rollout, int epoch, int index, int[] sequences, PpoOptions options)
    {
        float[] weights = new float[rollout.Sequences];
        double normalizer = Weigh(rollout, sequences, options, weights);
        List<MicroBatch> passes =
            [.. Cut(rollout, sequences, options).Select(pass => new MicroBatch(rollout, pass, weights))];
        return new Minibatch(epoch, index, passes, normalizer);
    }

    private static IEnumerable<int[]> Cut(Rollout rollout, int[] sequences, PpoOptions options) => SequencePacking.Cut(
        sequences,
        s => rollout.Offsets[s + 1] - rollout.Offsets[s],
        options.MicroBatchTokens,
        options.MicroBatchSequences);

    private static double Weigh(Rollout rollout, int[] sequences, PpoOptions options, float[] weights)
    {
        LossReduction reduction = options.CreateReduction();
        long tokens = 0;
        foreach (int s in sequences)
        {
            int length = rollout.ResponseLength(s);
            weights[s] = (float)reduction.Weight(length);
            tokens += length;
        }

        return reduction.Normalizer(tokens, sequences.Length);
    }
}
