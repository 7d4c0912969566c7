namespace Proximal.Runs.Checkpoints;

/// <summary>Which values of a metric are better.</summary>
public enum MetricDirection
{
    /// <summary>Large ones, as of a reward.</summary>
    Higher = 0,

    /// <summary>Small ones, as of a loss.</summary>
    Lower = 1,
}
