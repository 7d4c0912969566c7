using Proximal.Training.Pretrain;

namespace Proximal.Runs;

/// <summary>A run of pretraining from files of text to a run folder.</summary>
public sealed record PretrainRunOptions : RunOptions
{
    /// <summary>The documents.</summary>
    public required PretrainDataOptions Data { get; init; }

    /// <summary>
    /// The documents to measure with: a file of their own, or a share of the different documents;
    /// <see langword="null"/>: nothing is measured and the last weights are kept.
    /// </summary>
    public SupervisedValidationOptions? Validation { get; init; }

    /// <summary>The arithmetic.</summary>
    public PretrainOptions Pretrain { get; init; } = new();

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        ArgumentNullException.ThrowIfNull(Data);
        Data.Validate();
        Validation?.Validate();
        ArgumentNullException.ThrowIfNull(Pretrain);
        Pretrain.Validate();
    }
}
