using Proximal.Internal;

namespace Proximal.Kernels;

/// <summary>The numbers of PPO's policy loss.</summary>
public sealed record PolicyLossOptions
{
    /// <summary>The defaults.</summary>
    public static PolicyLossOptions Default { get; } = new();

    /// <summary>The ratio is clipped at 1 minus this; above 0, and from 1 on it never is.</summary>
    public double ClipLow { get; init; } = 0.2;

    /// <summary>The ratio is clipped at 1 plus this; above 0.</summary>
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>Bounds the loss of negative advantages at this times the advantage; above 1, infinity: off.</summary>
    public double DualClip { get; init; } = 3;

    /// <summary>Adds this times the KL estimate to the loss; 0: none.</summary>
    public double KlCoefficient { get; init; }

    /// <summary>The KL estimate of the penalty, with the default clamps of <see cref="Kl"/>.</summary>
    public KlEstimator KlEstimator { get; init; } = KlEstimator.K3;

    internal void Validate()
    {
        Require.Positive(ClipLow);
        Require.Positive(ClipHigh);
        Require.AboveOneOrInfinity(DualClip);
        Require.Finite(KlCoefficient);
        Require.Defined(KlEstimator);
    }
}
