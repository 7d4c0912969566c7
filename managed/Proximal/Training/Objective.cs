using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Training;

/// <summary>What one micro-batch adds to the gradient: that of sum(weight · loss) / normalizer.</summary>
/// <remarks>
/// Arrays are [N], aligned to the batch's tokens as targets, unless said otherwise; entries of weight 0 are not read.
/// An empty array is one that is not given. The output arrays receive what the forward pass computed on the way.
/// </remarks>
public abstract record Objective
{
    private protected Objective()
    {
    }

    /// <summary>Divides the loss: one number for the whole optimizer step, over all micro-batches and ranks; above 0.</summary>
    public required double Normalizer { get; init; }

    /// <summary>Logits are divided by it (language-model head); above 0.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>[N] receives log-probs (language-model head); empty: not wanted.</summary>
    public Memory<float> LogProbsOutput { get; init; }

    /// <summary>[N] receives entropies (language-model head); empty: not wanted.</summary>
    public Memory<float> EntropiesOutput { get; init; }

    /// <summary>[N] receives values (scalar head); empty: not wanted.</summary>
    public Memory<float> ValuesOutput { get; init; }

    /// <summary>[S] receives scores (scalar head); empty: not wanted.</summary>
    public Memory<float> ScoresOutput { get; init; }

    /// <summary>The head this objective trains; <see langword="null"/>: either.</summary>
    private protected abstract ModelHead? RequiredHead { get; }

    /// <summary>Checks everything against the batch and fills the native form, arrays aside.</summary>
    internal unsafe px_objective ToNative(PackedBatch batch, ModelHead head)
    {
        Require.Positive(Normalizer);
        Require.Positive(Temperature);
        Require.OptionalLength(LogProbsOutput, batch.Count);
        Require.OptionalLength(EntropiesOutput, batch.Count);
        Require.OptionalLength(ValuesOutput, batch.Count);
        Require.OptionalLength(ScoresOutput, batch.Sequences);
        if (RequiredHead is { } required && required != head)
        {
            throw new ArgumentException($"{GetType().Name} trains a {required} head; the model has a {head} head.");
        }

        var native = new px_objective
        {
            struct_size = (uint)sizeof(px_objective),
            normalizer = Normalizer,
            temperature = Temperature,
        };
        Fill(ref native, batch);
        return native;
    }

    /// <summary>The arrays to pin.</summary>
    internal abstract ObjectiveArrays Arrays();

    /// <summary>Checks the objective's own part and writes its kind and numbers.</summary>
    private protected abstract void Fill(ref px_objective native, PackedBatch batch);
}
