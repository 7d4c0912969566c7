using Proximal.Internal;

namespace Proximal.Kernels;

/// <summary>The numbers of an advantage within a group.</summary>
public sealed record GroupAdvantageOptions
{
    /// <summary>(score - mean) / (standard deviation + 1e-6) (arXiv 2402.03300).</summary>
    public static GroupAdvantageOptions Grpo { get; } = new();

    /// <summary>score - mean (arXiv 2503.20783).</summary>
    public static GroupAdvantageOptions DrGrpo { get; } = new() { Scale = GroupScale.None };

    /// <summary>score - mean of the others (arXiv 2402.14740).</summary>
    public static GroupAdvantageOptions Rloo { get; } = new() { Baseline = GroupBaseline.LeaveOneOut, Scale = GroupScale.None };

    /// <summary>What a score is measured against.</summary>
    public GroupBaseline Baseline { get; init; } = GroupBaseline.Mean;

    /// <summary>What the distance is divided by.</summary>
    public GroupScale Scale { get; init; } = GroupScale.Deviation;

    /// <summary>Added to the standard deviation; above 0.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>Of <see cref="GroupScale.GivenDeviation"/>; at least 0, and 0 with the other scales.</summary>
    public double GivenDeviation { get; init; }

    internal void Validate()
    {
        Require.Defined(Baseline);
        Require.Defined(Scale);
        Require.Positive(Epsilon);
        Require.NotNegative(GivenDeviation);
    }
}
