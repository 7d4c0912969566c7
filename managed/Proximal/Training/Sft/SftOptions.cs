using Proximal.Training.Supervised;

namespace Proximal.Training.Sft;

/// <summary>Everything that decides the arithmetic of supervised fine-tuning. The default learning rate is 1e-5.</summary>
public record SftOptions : SupervisedOptions
{
    /// <summary>The learning rate where none is given.</summary>
    internal virtual double DefaultLearningRate => 1e-5;
}
