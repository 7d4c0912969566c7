using Proximal.Training.Sft;

namespace Proximal.Runs;

/// <summary>A run of supervised fine-tuning from files to a run folder.</summary>
public sealed record SftRunOptions : RunOptions
{
    /// <summary>The examples.</summary>
    public required SftDataOptions Data { get; init; }

    /// <summary>The examples to measure with; <see langword="null"/>: nothing is measured and the last weights are kept.</summary>
    public SupervisedValidationOptions? Validation { get; init; }

    /// <summary>The arithmetic.</summary>
    public SftOptions Sft { get; init; } = new();

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ArgumentNullException.ThrowIfNull(Data);
        Data.Validate();
        Validation?.Validate();
        ArgumentNullException.ThrowIfNull(Sft);
        Sft.Validate();
    }
}
