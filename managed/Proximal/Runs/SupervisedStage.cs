using Proximal.Models;
using Proximal.Rewards;
using Proximal.Training.Supervised;

namespace Proximal.Runs;

/// <summary>What one kind of supervised run trains, and on what.</summary>
internal sealed record SupervisedStage
{
    /// <summary>The model in training.</summary>
    public required LanguageModel Model { get; init; }

    /// <summary>Trains it.</summary>
    public required SupervisedTrainer Trainer { get; init; }

    /// <summary>Fingerprint of what is trained on.</summary>
    public required string Data { get; init; }

    /// <summary>Fingerprint of what is measured with.</summary>
    public required string Validation { get; init; }

    /// <summary>Fingerprint of what the scores are normalised on; <see langword="null"/>: nothing, or what is trained on.</summary>
    public string? Normalization { get; init; }

    /// <summary>The run ends with the best weights, not with the last ones.</summary>
    public required bool KeepBest { get; init; }

    /// <summary>What there is to say of the data; read at the end of the run.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Measures the scores of the model once it is trained; <see langword="null"/>: it has none.</summary>
    public Func<RewardNormalization?>? Normalize { get; init; }
}
