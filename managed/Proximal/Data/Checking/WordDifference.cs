namespace Proximal.Data.Checking;

/// <summary>How much more often each word occurs in the chosen answer than in the rejected one; words without a difference are left out.</summary>
/// <param name="Words">The words, in growing order.</param>
/// <param name="Counts">Their differences.</param>
internal sealed record WordDifference(int[] Words, double[] Counts)
{
    public static WordDifference Of(int[] chosen, int[] rejected)
    {
        var counts = new SortedDictionary<int, int>();
        foreach (int word in chosen)
        {
            counts[word] = counts.GetValueOrDefault(word) + 1;
        }

        foreach (int word in rejected)
        {
            counts[word] = counts.GetValueOrDefault(word) - 1;
        }

        KeyValuePair<int, int>[] differing = [.. counts.Where(entry => entry.Value != 0)];
        return new WordDifference([.. differing.Select(entry => entry.Key)], [.. differing.Select(entry => (double)entry.Value)]);
    }

    /// <summary>w d.</summary>
    public double Dot(double[] weights)
    {
        double sum = 0;
        for (int i = 0; i < Words.Length; i++)
        {
            sum += weights[Words[i]] * Counts[i];
        }

        return sum;
    }

    /// <summary>sums += factor d.</summary>
    public void AddTo(double[] sums, double factor)
    {
        for (int i = 0; i < Words.Length; i++)
        {
            sums[Words[i]] += factor * Counts[i];
        }
    }
}
