using Proximal.Internal;
using Proximal.Training.Supervised;

namespace Proximal.Training.RewardModel;

/// <summary>Everything that decides the arithmetic of reward-model training. The default learning rate is 9e-6.</summary>
public sealed record RewardModelOptions : SupervisedOptions
{
    /// <summary>Weight of the squared sum of both scores, which keeps them around 0; at least 0.</summary>
    public double CenterCoefficient { get; init; } = 0.01;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.NotNegative(CenterCoefficient);
    }
}
