using System.Numerics;

namespace Proximal.Data.Checking;

/// <summary>Counts lengths; what is kept grows with the different lengths, not with the texts.</summary>
internal sealed class LengthCounts
{
    private readonly SortedDictionary<int, long> _counts = [];

    public void Add(int length) => _counts[length] = _counts.GetValueOrDefault(length) + 1;

    /// <summary>The summary; <see langword="null"/> without texts.</summary>
    public LengthSummary? Summary()
    {
        long count = _counts.Values.Sum();
        return count == 0 ? null : new LengthSummary
        {
            Count = count,
            Minimum = _counts.First().Key,
            Quantile5 = Quantile(0.05, count),
            Quantile25 = Quantile(0.25, count),
            Median = Quantile(0.5, count),
            Mean = _counts.Sum(length => (double)length.Key * length.Value) / count,
            Quantile75 = Quantile(0.75, count),
            Quantile95 = Quantile(0.95, count),
            Maximum = _counts.Last().Key,
            Histogram = Histogram(),
        };
    }

    private int Quantile(double share, long count)
    {
        long least = Math.Max(1, (long)Math.Ceiling(share * count));
        long below = 0;
        return _counts.First(length => (below += length.Value) >= least).Key;
    }

    private LengthBin[] Histogram()
    {
        var bins = _counts.GroupBy(length => Bin(length.Key)).ToDictionary(bin => bin.Key, bin => bin.Sum(length => length.Value));
        int first = bins.Keys.Min();
        return
        [
            .. Enumerable.Range(first, bins.Keys.Max() - first + 1)
                .Select(bin => new LengthBin(bin == 0 ? 0 : 1 << (bin - 1), bin == 0 ? 0 : (int)((1L << bin) - 1), bins.GetValueOrDefault(bin))),
        ];
    }

    private static int Bin(int length) => length == 0 ? 0 : BitOperations.Log2((uint)length) + 1;
}
