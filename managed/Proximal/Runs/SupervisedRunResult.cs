using Proximal.Rewards;

namespace Proximal.Runs;

/// <summary>What a finished run of supervised training left.</summary>
public sealed record SupervisedRunResult
{
    /// <summary>The run folder, absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>The trained model as a Hugging Face folder with its tokenizer: the best weights where validation chose them.</summary>
    public required string ModelFolder { get; init; }

    /// <summary>Steps done.</summary>
    public required int Steps { get; init; }

    /// <summary>The step whose weights the model has; <see langword="null"/>: the last one, nothing was measured.</summary>
    public required int? BestStep { get; init; }

    /// <summary>The last step's metrics.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>The validation curves of the best step; empty: nothing was measured.</summary>
    public required IReadOnlyDictionary<string, double> BestMetrics { get; init; }

    /// <summary>A reward model's normalisation; <see langword="null"/>: it is no reward model, or its scores could not be normalised.</summary>
    public RewardNormalization? Normalization { get; init; }

    /// <summary>The step that the run was resumed after; 0: it started from the beginning.</summary>
    public int ResumedAfter { get; init; }

    /// <summary>The run was finished already when it was to be resumed: nothing was done.</summary>
    public bool WasFinished { get; init; }

    /// <summary>What happened to the data and what looks wrong, in plain words.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}
