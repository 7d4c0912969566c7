using Proximal.Internal;

namespace Proximal.Runs.Checkpoints;

/// <summary>Which checkpoint is the best. Only those whose own step has the metric take part; of equal ones the earlier.</summary>
public sealed record KeepBestOptions
{
    /// <summary>A curve of metrics.jsonl, such as <c>validation/reward_mean</c>.</summary>
    public required string Metric { get; init; }

    /// <summary>Which values of it are better.</summary>
    public MetricDirection Better { get; init; } = MetricDirection.Higher;

    internal void Validate()
    {
        if (string.IsNullOrWhiteSpace(Metric))
        {
            throw new ArgumentException(
                "Checkpoints.KeepBest.Metric is empty: name a curve such as validation/reward_mean.", "Checkpoints.KeepBest.Metric");
        }

        Require.Defined(Better, "Checkpoints.KeepBest.Better");
    }
}
