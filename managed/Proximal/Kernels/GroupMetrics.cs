using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>What was seen of groups of answers, as sums, so that batches and ranks add.</summary>
public readonly record struct GroupMetrics
{
    /// <summary>Rows with a score.</summary>
    public long Rows { get; init; }

    /// <summary>Groups with two such rows or more.</summary>
    public long Groups { get; init; }

    /// <summary>Of these, groups whose scores are all equal: every advantage is 0, they teach nothing.</summary>
    public long Flat { get; init; }

    /// <summary>Groups of which the mask leaves one row, whose advantage is 0.</summary>
    public long Lone { get; init; }

    /// <summary>Sum of scores.</summary>
    public double ScoreSum { get; init; }

    /// <summary>Sum over groups of the unbiased standard deviation.</summary>
    public double DeviationSum { get; init; }

    /// <summary>Mean score; NaN without rows, as all rates here.</summary>
    public double MeanScore => ScoreSum / Rows;

    /// <summary>Mean standard deviation of a group.</summary>
    public double MeanDeviation => DeviationSum / Groups;

    /// <summary>Share of groups whose scores are all equal.</summary>
    public double FlatFraction => Flat / (double)Groups;

    /// <summary>The metrics of both sets together.</summary>
    public static GroupMetrics operator +(GroupMetrics left, GroupMetrics right) => new()
    {
        Rows = left.Rows + right.Rows,
        Groups = left.Groups + right.Groups,
        Flat = left.Flat + right.Flat,
        Lone = left.Lone + right.Lone,
        ScoreSum = left.ScoreSum + right.ScoreSum,
        DeviationSum = left.DeviationSum + right.DeviationSum,
    };

    /// <summary>The metrics of both sets together.</summary>
    public static GroupMetrics Add(GroupMetrics left, GroupMetrics right) => left + right;

    internal static GroupMetrics FromNative(in px_group_metrics native) => new()
    {
        Rows = native.rows,
        Groups = native.groups,
        Flat = native.flat,
        Lone = native.lone,
        ScoreSum = native.score,
        DeviationSum = native.deviation,
    };
}
