namespace Proximal.Evaluation;

/// <summary>How varied and how repetitive responses are, by n-grams of tokens.</summary>
public static class NGramStatistics
{
    /// <summary>Unique over all n-grams of a corpus, in (0, 1]; NaN when no sequence has n tokens.</summary>
    /// <param name="sequences">The responses' tokens; n-grams do not cross from one to the next.</param>
    /// <param name="n">Tokens of an n-gram, at least 1.</param>
    /// <remarks>After Li et al. 2016 (arXiv 1510.03055), over n-grams instead of tokens.</remarks>
    public static double Distinct(IEnumerable<int[]> sequences, int n)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        var seen = new HashSet<ReadOnlyMemory<int>>(NGramComparer.Instance);
        long all = 0;
        foreach (int[] sequence in sequences)
        {
            all += Collect(sequence, n, seen);
        }

        return seen.Count / (double)all;
    }

    /// <summary>Unique over all n-grams of one sequence, in (0, 1]; NaN when it has fewer than n tokens.</summary>
    /// <param name="sequence">The tokens.</param>
    /// <param name="n">Tokens of an n-gram, at least 1.</param>
    public static double Distinct(int[] sequence, int n) => Distinct([sequence], n);

    /// <summary>1 - unique / all n-grams of one sequence, in [0, 1); 0 when it has fewer than n tokens.</summary>
    /// <param name="sequence">The tokens.</param>
    /// <param name="n">Tokens of an n-gram, at least 1.</param>
    public static double Repetition(int[] sequence, int n)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        return sequence.Length < n ? 0 : 1 - Distinct(sequence, n);
    }

    /// <summary>Mean of <see cref="Repetition(int[], int)"/> over responses; NaN without any.</summary>
    /// <param name="sequences">The responses' tokens.</param>
    /// <param name="n">Tokens of an n-gram, at least 1.</param>
    public static double MeanRepetition(IEnumerable<int[]> sequences, int n)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        double sum = 0;
        long count = 0;
        foreach (int[] sequence in sequences)
        {
            sum += Repetition(sequence, n);
            count++;
        }

        return sum / count;
    }

    private static int Collect(int[] sequence, int n, HashSet<ReadOnlyMemory<int>> seen)
    {
        int count = Math.Max(0, sequence.Length - n + 1);
        for (int start = 0; start < count; start++)
        {
            seen.Add(sequence.AsMemory(start, n));
        }

        return count;
    }

    private sealed class NGramComparer : IEqualityComparer<ReadOnlyMemory<int>>
    {
        public static NGramComparer Instance { get; } = new();

        public bool Equals(ReadOnlyMemory<int> x, ReadOnlyMemory<int> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<int> gram)
        {
            var hash = new HashCode();
            foreach (int token in gram.Span)
            {
                hash.Add(token);
            }

            return hash.ToHashCode();
        }
    }
}
