namespace Proximal.Reports;

/// <summary>What a report knows of metrics: which ones matter most, which belong into one plot, which way is better.</summary>
internal static class MetricTable
{
    /// <summary>Metrics that are small when all is well. KL is not among them: staying at the reference is no success.</summary>
    private static readonly string[] LowerIsBetter =
        ["loss", "repetition", "truncation_rate", "logprob_difference", "ratio_deviation", "perplexity"];

    private static readonly string[] HigherIsBetter =
        ["reward", "score", "accuracy", "distinct_1", "distinct_2", "distinct_3", "explained_variance", "margin", "per_s", "utilization"];

    /// <summary>The tiles of a report: a label and the metrics that can fill it, the best one first.</summary>
    public static IReadOnlyList<(string Label, string[] Metrics)> Tiles { get; } =
    [
        ("validation reward", ["validation/reward_mean"]),
        ("score in training", ["objective/scores"]),
        ("validation loss", ["validation/loss"]),
        ("validation accuracy", ["validation/accuracy"]),
        ("training loss", ["train/loss"]),
        ("KL, nats a response", ["validation/kl", "objective/kl"]),
        ("distinct-2", ["validation/distinct_2", "rollout/distinct_2"]),
        ("tokens a response", ["validation/length_mean", "rollout/length_mean"]),
        ("cut by the limit", ["rollout/truncation_rate"]),
        ("explained variance", ["value/explained_variance"]),
    ];

    /// <summary>The plots at the top of a report: a title and the metrics that share it.</summary>
    public static IReadOnlyList<(string Title, string[] Metrics)> Plots { get; } =
    [
        ("Reward", ["objective/scores", "validation/reward_mean"]),
        ("KL to the reference, nats a response", ["objective/kl", "validation/kl"]),
        ("Loss", ["train/loss", "validation/loss"]),
        ("Accuracy", ["train/accuracy", "validation/accuracy"]),
        ("Variety in training: distinct-2", ["rollout/distinct_2"]),
        ("Variety on validation prompts: distinct-2", ["validation/distinct_2"]),
        ("Tokens a response", ["rollout/length_mean", "validation/length_mean"]),
        ("Responses cut by the limit", ["rollout/truncation_rate"]),
        ("Entropy, nats a token", ["policy/entropy"]),
        ("Clip fraction", ["policy/clipfrac"]),
        ("Approximate KL of the update", ["policy/approxkl"]),
        ("Explained variance of the critic", ["value/explained_variance"]),
        ("Value loss", ["value/loss"]),
        ("Gradient norm", ["policy/gradient_norm", "value/gradient_norm", "train/gradient_norm"]),
    ];

    /// <summary>1: the larger the better; -1: the smaller the better; 0: neither, or unknown.</summary>
    public static int Direction(string metric)
    {
        string last = metric[(metric.LastIndexOf('/') + 1)..];
        bool seconds = last.EndsWith("_s", StringComparison.Ordinal) && !last.EndsWith("per_s", StringComparison.Ordinal);
        return metric.StartsWith("time/", StringComparison.Ordinal) && seconds ? -1
            : metric.StartsWith("reward/", StringComparison.Ordinal) || metric.StartsWith("validation/reward/", StringComparison.Ordinal) ? 1
            : last.EndsWith("_std", StringComparison.Ordinal) ? 0
            : HigherIsBetter.Any(part => last.Contains(part, StringComparison.Ordinal)) ? 1
            : LowerIsBetter.Any(part => last.Contains(part, StringComparison.Ordinal)) ? -1
            : 0;
    }

    /// <summary>The best value; NaN where no direction is better.</summary>
    public static double Best(Curve curve) => Direction(curve.Name) switch
    {
        1 => curve.Max,
        -1 => curve.Min,
        _ => double.NaN,
    };
}
