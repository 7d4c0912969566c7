using Proximal.Internal;

namespace Proximal.Training;

/// <summary>
/// Moves beta so that the sequence KL comes to a target: beta *= 1 + clip(KL / target - 1, ±0.2) · n / horizon
/// (Ziegler et al. 2019, arXiv 1909.08593).
/// </summary>
/// <remarks>The KL is k1 summed over a sequence's tokens, whatever estimate the reward uses; verl's target is per token.</remarks>
public sealed class AdaptiveKlController : KlController
{
    private const double LargestError = 0.2;

    /// <summary>Makes a controller.</summary>
    /// <param name="coefficient">Beta of the first step, above 0.</param>
    /// <param name="target">Nats a sequence to aim at, above 0.</param>
    /// <param name="horizon">Sequences over which it acts, above 0.</param>
    public AdaptiveKlController(double coefficient, double target = 6, double horizon = 10000)
        : base(coefficient)
    {
        Require.Positive(coefficient);
        Require.Positive(target);
        Require.Positive(horizon);
        Target = target;
        Horizon = horizon;
    }

    /// <summary>Nats a sequence it aims at.</summary>
    public double Target { get; }

    /// <summary>Sequences over which it acts.</summary>
    public double Horizon { get; }

    /// <inheritdoc/>
    public override void Update(double meanSequenceKl, long sequences)
    {
        Require.Finite(meanSequenceKl);
        ArgumentOutOfRangeException.ThrowIfNegative(sequences);
        double error = Math.Clamp((meanSequenceKl / Target) - 1, -LargestError, LargestError);
        Coefficient *= 1 + (error * sequences / Horizon);
    }
}
