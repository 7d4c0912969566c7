using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>Per-token estimates of KL(policy || reference).</summary>
public static unsafe class Kl
{
    /// <summary>The log-ratio d is clamped to plus or minus this unless said otherwise.</summary>
    public const double DefaultLogRatioClamp = 20;

    /// <summary>An estimate is clamped to plus or minus this unless said otherwise.</summary>
    public const double DefaultValueClamp = 10;

    /// <summary>
    /// Estimates each token's KL. With d = log-prob - reference log-prob, clamped: k1 = d, k2 = d²/2, k3 = expm1(-d) + d
    /// (Schulman, "Approximating KL divergence", 2020).
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="logProbs">[N] nats, of the policy.</param>
    /// <param name="referenceLogProbs">[N] nats, of the reference.</param>
    /// <param name="estimator">Which estimate.</param>
    /// <param name="values">[N] out, or empty: the estimates. May be an input.</param>
    /// <param name="gradients">[N] out, or empty: d value / d log-prob, 0 where a clamp holds.</param>
    /// <param name="logRatioClamp">Clamp of d, above 0; infinity: off.</param>
    /// <param name="valueClamp">Clamp of the estimate, above 0; infinity: off.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <remarks>Element-wise: a NaN comes out where one goes in. Deterministic for any thread count.</remarks>
    public static void Estimate(
        Engine engine,
        ReadOnlySpan<float> logProbs,
        ReadOnlySpan<float> referenceLogProbs,
        KlEstimator estimator,
        Span<float> values,
        Span<float> gradients = default,
        double logRatioClamp = DefaultLogRatioClamp,
        double valueClamp = DefaultValueClamp)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.Length(referenceLogProbs.Length, logProbs.Length, nameof(referenceLogProbs));
        Arrays.OptionalLength(values.Length, logProbs.Length, nameof(values));
        Arrays.OptionalLength(gradients.Length, logProbs.Length, nameof(gradients));
        Require.Defined(estimator);
        Require.PositiveOrInfinity(logRatioClamp);
        Require.PositiveOrInfinity(valueClamp);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* logprob = logProbs, reference = referenceLogProbs, value = values, gradient = gradients)
        {
            var args = new px_kl_args
            {
                struct_size = (uint)sizeof(px_kl_args),
                count = logProbs.Length,
                logprob = logprob,
                ref_logprob = reference,
                estimator = (int)estimator,
                log_ratio_clamp = logRatioClamp,
                value_clamp = valueClamp,
                value = value,
                gradient = gradient,
            };
            NativeStatus.Check(NativeMethods.px_kl_f32(lease.Pointer, &args));
        }
    }
}
