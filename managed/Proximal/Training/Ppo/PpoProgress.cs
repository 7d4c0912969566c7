namespace Proximal.Training.Ppo;

/// <summary>How far a PPO run is. Reported from the run's own thread.</summary>
public sealed record PpoProgress
{
    /// <summary>The step under way, from 1; 0 before the first one.</summary>
    public required int Step { get; init; }

    /// <summary>Steps of the run.</summary>
    public required int Steps { get; init; }

    /// <summary>What the run is doing.</summary>
    public required PpoPhase Phase { get; init; }

    /// <summary>Units of the phase that are done: responses, or sequences passed through a model.</summary>
    public long Done { get; init; }

    /// <summary>Units of the phase; 0: unknown.</summary>
    public long Total { get; init; }

    /// <summary>The metrics of a committed step or of a validation; else empty.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Something to be told once, such as where a resumed run goes on; <see langword="null"/>: nothing.</summary>
    public string? Note { get; init; }

    /// <summary>Warnings of a committed step, in plain words.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
