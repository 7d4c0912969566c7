namespace Proximal.Training.Ppo;

/// <summary>A committed PPO step.</summary>
public sealed record PpoStep
{
    /// <summary>The step, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>What it learned from.</summary>
    public required Rollout Rollout { get; init; }

    /// <summary>Its optimizer steps, in order.</summary>
    public required IReadOnlyList<PpoMinibatch> Minibatches { get; init; }

    /// <summary>Every curve's value by name; a value that does not exist is NaN. The names are listed in METRICS.md.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>What looks wrong, in plain words; empty in a healthy step.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
