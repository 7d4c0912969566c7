using System.Text.Json.Serialization;
using Proximal.Training.RewardModel;

namespace Proximal.Runs;

/// <summary>A run of reward-model training from files to a run folder. The start model is the SFT model, as a rule.</summary>
public sealed record RewardModelRunOptions : RunOptions
{
    /// <summary>The preference pairs.</summary>
    public required PreferenceDataOptions Data { get; init; }

    /// <summary>The pairs to measure with; <see langword="null"/>: nothing is measured and the last weights are kept.</summary>
    public SupervisedValidationOptions? Validation { get; init; }

    /// <summary>The arithmetic.</summary>
    [JsonPropertyName("rm")]
    public RewardModelOptions RewardModel { get; init; } = new();

    /// <summary>What the scores are normalised on, when training is done.</summary>
    public NormalizationOptions Normalization { get; init; } = new();

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ArgumentNullException.ThrowIfNull(Data);
        Data.Validate();
        Validation?.Validate();
        ArgumentNullException.ThrowIfNull(RewardModel);
        RewardModel.Validate();
        ArgumentNullException.ThrowIfNull(Normalization);
        Normalization.Validate();
    }
}
