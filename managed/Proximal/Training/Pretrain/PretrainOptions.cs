using Proximal.Training.Sft;

namespace Proximal.Training.Pretrain;

/// <summary>Everything that decides the arithmetic of pretraining. The default learning rate is 1e-3; an item is a document, or a part of a long one.</summary>
public sealed record PretrainOptions : SftOptions
{
    /// <inheritdoc/>
    internal override double DefaultLearningRate => 1e-3;
}
