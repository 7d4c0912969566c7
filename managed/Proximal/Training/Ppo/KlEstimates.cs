using Proximal.Kernels;

namespace Proximal.Training.Ppo;

/// <summary>All three estimates of the KL of actor and reference, per token.</summary>
/// <param name="K1">[N] log-prob minus reference log-prob, nats.</param>
/// <param name="K2">[N] half its square.</param>
/// <param name="K3">[N] expm1(-k1) + k1.</param>
public sealed record KlEstimates(float[] K1, float[] K2, float[] K3)
{
    /// <summary>Estimates of nothing.</summary>
    public static KlEstimates Empty { get; } = new([], [], []);

    /// <summary>The array of an estimator.</summary>
    /// <param name="estimator">Which one.</param>
    public float[] Of(KlEstimator estimator) => estimator switch
    {
        KlEstimator.K1 => K1,
        KlEstimator.K2 => K2,
        KlEstimator.K3 => K3,
        _ => throw new ArgumentOutOfRangeException(nameof(estimator), estimator, "Not a KlEstimator."),
    };
}
