using Proximal.Internal;

namespace Proximal.Training;

/// <summary>
/// Says how the losses of an optimizer step's tokens become one number, as what objectives take: a weight for each token and
/// one normalizer for the whole step, all its micro-batches and ranks.
/// </summary>
public sealed record LossReduction
{
    private LossReduction(LossReductionKind kind, int length)
    {
        Kind = kind;
        Length = length;
    }

    /// <summary>Mean over all response tokens.</summary>
    public static LossReduction TokenMean { get; } = new(LossReductionKind.TokenMean, 0);

    /// <summary>Mean over sequences of the mean over tokens.</summary>
    public static LossReduction SequenceMeanOfTokenMean { get; } = new(LossReductionKind.SequenceMeanOfTokenMean, 0);

    /// <summary>Mean over sequences of the sum over tokens.</summary>
    public static LossReduction SequenceMeanOfTokenSum { get; } = new(LossReductionKind.SequenceMeanOfTokenSum, 0);

    /// <summary>Which reduction.</summary>
    public LossReductionKind Kind { get; }

    /// <summary>What sums over tokens are divided by with <see cref="LossReductionKind.FixedLength"/>; else 0.</summary>
    public int Length { get; }

    /// <summary>Mean over sequences of the sum over tokens divided by a fixed length.</summary>
    /// <param name="length">The length, at least 1; the response limit as a rule.</param>
    public static LossReduction FixedLength(int length)
    {
        Require.AtLeast(length, 1);
        return new(LossReductionKind.FixedLength, length);
    }

    /// <summary>The weight of each response token of a sequence that has this many.</summary>
    /// <param name="responseTokens">At least 1.</param>
    public double Weight(long responseTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(responseTokens, 1);
        return Kind == LossReductionKind.SequenceMeanOfTokenMean ? 1.0 / responseTokens : 1;
    }

    /// <summary>What the weighted sum over the whole optimizer step is divided by.</summary>
    /// <param name="responseTokens">Response tokens of the step.</param>
    /// <param name="sequences">Sequences of the step with at least one of them.</param>
    /// <exception cref="ArgumentException">The step has no response token.</exception>
    public double Normalizer(long responseTokens, long sequences)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sequences);
        if (responseTokens < 1 || sequences < 1)
        {
            throw new ArgumentException(
                "The optimizer step has no response token: a loss over nothing has no value. Drop the step.",
                nameof(responseTokens));
        }

        return Kind switch
        {
            LossReductionKind.TokenMean => responseTokens,
            LossReductionKind.FixedLength => (double)sequences * Length,
            _ => sequences,
        };
    }

    /// <summary>Weighs the tokens of a whole optimizer step.</summary>
    /// <param name="offsets">[S + 1] where each sequence begins, from 0, not decreasing; N is the last one.</param>
    /// <param name="mask">[N] 1: response token.</param>
    /// <param name="weights">[N] out; 0 where masked.</param>
    /// <returns>The step's normalizer.</returns>
    /// <exception cref="ArgumentException">A length does not fit, or the step has no response token.</exception>
    public double Weigh(ReadOnlySpan<long> offsets, ReadOnlySpan<byte> mask, Span<float> weights)
    {
        int count = Arrays.Offsets(offsets, nameof(offsets));
        Arrays.Length(mask.Length, count, nameof(mask));
        Arrays.Length(weights.Length, count, nameof(weights));
        long tokens = 0;
        long sequences = 0;
        for (int s = 0; s + 1 < offsets.Length; s++)
        {
            Range sequence = (int)offsets[s]..(int)offsets[s + 1];
            long responseTokens = WeighSequence(mask[sequence], weights[sequence]);
            tokens += responseTokens;
            sequences += responseTokens > 0 ? 1 : 0;
        }

        return Normalizer(tokens, sequences);
    }

    private long WeighSequence(ReadOnlySpan<byte> mask, Span<float> weights)
    {
        long responseTokens = mask.Length - mask.Count((byte)0);
        float weight = responseTokens > 0 ? (float)Weight(responseTokens) : 0;
        for (int i = 0; i < mask.Length; i++)
        {
            weights[i] = mask[i] != 0 ? weight : 0;
        }

        return responseTokens;
    }
}
