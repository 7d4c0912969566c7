using Proximal.Internal;
using Proximal.Kernels;

namespace Proximal.Training.Ppo;

/// <summary>How PPO is held to the reference.</summary>
public sealed record PpoKlOptions
{
    /// <summary>The estimate that is taken off each token's reward. All three are logged.</summary>
    public KlEstimator Estimator { get; init; } = KlEstimator.K1;

    /// <summary>Beta, what the estimate is multiplied with; the adaptive controller starts from it; at least 0.</summary>
    public double Coefficient { get; init; } = 0.05;

    /// <summary>Moves beta so that the sequence KL comes to <see cref="Target"/>.</summary>
    public bool Adaptive { get; init; }

    /// <summary>Nats a sequence the adaptive controller aims at; above 0.</summary>
    public double Target { get; init; } = 6;

    /// <summary>Sequences over which the adaptive controller acts; above 0.</summary>
    public double Horizon { get; init; } = 10000;

    /// <summary>Adds this times <see cref="LossEstimator"/> of the policy in training to the loss; 0: none.</summary>
    public double LossCoefficient { get; init; }

    /// <summary>The estimate in the loss; its gradient flows.</summary>
    public KlEstimator LossEstimator { get; init; } = KlEstimator.K3;

    internal KlController CreateController() =>
        Adaptive ? new AdaptiveKlController(Coefficient, Target, Horizon) : new FixedKlController(Coefficient);

    internal void Validate()
    {
        Require.Defined(Estimator, "Kl.Estimator");
        Require.NotNegative(Coefficient, "Kl.Coefficient");
        Require.Positive(Target, "Kl.Target");
        Require.Positive(Horizon, "Kl.Horizon");
        Require.NotNegative(LossCoefficient, "Kl.LossCoefficient");
        Require.Defined(LossEstimator, "Kl.LossEstimator");
        if (Adaptive && Coefficient == 0)
        {
            throw new ArgumentOutOfRangeException(
                "Kl.Coefficient", 0.0, "The adaptive controller multiplies the coefficient: expected a number above 0.");
        }
    }
}
