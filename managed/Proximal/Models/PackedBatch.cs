namespace Proximal.Models;

/// <summary>Sequences of different lengths, end to end. The arrays belong to the batch: do not change them.</summary>
/// <remarks>
/// Letters: S sequences, N tokens in all. Sequence s is tokens[offsets[s] .. offsets[s + 1]). Every per-token array that
/// goes with a batch has length N and speaks of its token as the target, given those before it in the sequence.
/// </remarks>
public sealed class PackedBatch
{
    /// <summary>Makes a batch of arrays that fit each other.</summary>
    /// <param name="tokens">[N] token ids.</param>
    /// <param name="offsets">[S + 1]: 0, then the end of each sequence; none is empty.</param>
    /// <param name="weights">[N] weight of each token as a target, 0: nothing is computed for it; null: ones.</param>
    /// <param name="positions">[N] place in the sequence; null: from 0 in each.</param>
    /// <exception cref="ArgumentException">The arrays do not fit; the text says which and where.</exception>
    public PackedBatch(int[] tokens, long[] offsets, float[]? weights = null, int[]? positions = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(offsets);
        CheckOffsets(offsets, tokens.Length);
        CheckWeights(weights, tokens.Length);
        CheckPositions(positions, tokens.Length);
        Tokens = tokens;
        Offsets = offsets;
        Weights = weights;
        Positions = positions;
    }

    /// <summary>[N] token ids.</summary>
    public int[] Tokens { get; }

    /// <summary>[S + 1]: 0, then the end of each sequence.</summary>
    public long[] Offsets { get; }

    /// <summary>[N] weight of each token as a target; <see langword="null"/>: ones.</summary>
    public float[]? Weights { get; }

    /// <summary>[N] place in the sequence; <see langword="null"/>: from 0 in each.</summary>
    public int[]? Positions { get; }

    /// <summary>S, the number of sequences.</summary>
    public int Sequences => Offsets.Length - 1;

    /// <summary>N, the number of tokens.</summary>
    public int Count => Tokens.Length;

    /// <summary>Packs sequences end to end.</summary>
    /// <param name="sequences">The sequences, at least one, none empty.</param>
    public static PackedBatch Pack(IReadOnlyList<int[]> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        long[] offsets = new long[sequences.Count + 1];
        for (int s = 0; s < sequences.Count; s++)
        {
            offsets[s + 1] = offsets[s] + sequences[s].Length;
        }

        int[] tokens = new int[offsets[^1]];
        for (int s = 0; s < sequences.Count; s++)
        {
            sequences[s].CopyTo(tokens, offsets[s]);
        }

        return new PackedBatch(tokens, offsets);
    }

    /// <summary>The same sequences with other weights.</summary>
    /// <param name="weights">[N], or <see langword="null"/> for ones.</param>
    public PackedBatch WithWeights(float[]? weights) => new(Tokens, Offsets, weights, Positions);

    /// <summary>The tokens of one sequence.</summary>
    /// <param name="index">The sequence, 0 to S - 1.</param>
    public ReadOnlySpan<int> Sequence(int index) =>
        Tokens.AsSpan((int)Offsets[index], (int)(Offsets[index + 1] - Offsets[index]));

    private static void CheckOffsets(long[] offsets, int count)
    {
        if (offsets.Length < 2 || offsets[0] != 0)
        {
            throw new ArgumentException("Expected 0 and the end of at least one sequence.", nameof(offsets));
        }

        for (int s = 1; s < offsets.Length; s++)
        {
            if (offsets[s] <= offsets[s - 1])
            {
                throw new ArgumentException(
                    $"Sequence {s - 1} is empty or runs backwards: it goes from {offsets[s - 1]} to {offsets[s]}.",
                    nameof(offsets));
            }
        }

        if (offsets[^1] != count)
        {
            throw new ArgumentException($"The last offset must be the {count} tokens, got {offsets[^1]}.", nameof(offsets));
        }
    }

    private static void CheckWeights(float[]? weights, int count)
    {
        if (weights is null)
        {
            return;
        }

        if (weights.Length != count)
        {
            throw new ArgumentException($"Expected {count} entries, one a token, got {weights.Length}.", nameof(weights));
        }

        int bad = Array.FindIndex(weights, weight => !float.IsFinite(weight));
        if (bad >= 0)
        {
            throw new ArgumentException($"The weight of token {bad} is {weights[bad]}: expected finite numbers.", nameof(weights));
        }
    }

    private static void CheckPositions(int[]? positions, int count)
    {
        if (positions is null)
        {
            return;
        }

        if (positions.Length != count)
        {
            throw new ArgumentException($"Expected {count} entries, one a token, got {positions.Length}.", nameof(positions));
        }

        int bad = Array.FindIndex(positions, position => position < 0);
        if (bad >= 0)
        {
            throw new ArgumentException($"The position of token {bad} is {positions[bad]}: expected 0 or more.", nameof(positions));
        }
    }
}
