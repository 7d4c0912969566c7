namespace Proximal.Training.Supervised;

/// <summary>How far a run of supervised training is. Reported from the run's own thread.</summary>
public sealed record SupervisedProgress
{
    /// <summary>The step under way, from 1; 0 before the first one.</summary>
    public required int Step { get; init; }

    /// <summary>Steps of the run; 0: not known yet.</summary>
    public required int Steps { get; init; }

    /// <summary>What the run is doing.</summary>
    public required SupervisedPhase Phase { get; init; }

    /// <summary>Items of the phase that are done.</summary>
    public long Done { get; init; }

    /// <summary>Items of the phase; 0: unknown.</summary>
    public long Total { get; init; }

    /// <summary>Something to be told once, such as where a resumed run goes on; <see langword="null"/>: nothing.</summary>
    public string? Note { get; init; }

    /// <summary>The metrics of a committed step; else empty.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();
}
