namespace Proximal.Training.Supervised;

/// <summary>A committed step.</summary>
public sealed record SupervisedStep
{
    /// <summary>The step, from 1; 0: the start model, which is only measured.</summary>
    public required int Step { get; init; }

    /// <summary>Every curve's value by name; the names are listed in METRICS.md.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>The validation loss is the smallest so far.</summary>
    public required bool IsBest { get; init; }
}
