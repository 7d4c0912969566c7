using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>PPO's clipped policy loss (arXiv 1707.06347) with dual clip (arXiv 1912.09729) and KL penalty.</summary>
public static unsafe class PolicyLoss
{
    /// <summary>
    /// rho = exp(clamp(lp' - lp, ±20)), L = max(-A rho, -A clip(rho, 1 - low, 1 + high)), for A &lt; 0 at most -A times the dual
    /// clip; plus the KL penalty. Where branches are exactly equal the unclipped one's gradient is taken.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="inputs">Log-probs, advantages and weights.</param>
    /// <param name="options">Clip ranges and penalty.</param>
    /// <param name="normalizer">Divides the weighted sum over the whole optimizer step; finite, above 0.</param>
    /// <param name="losses">[N] out, or empty: per token, before weight and normalizer, the penalty included.</param>
    /// <param name="gradients">[N] out, or empty: d (sum(weight · loss) / normalizer) / d log-prob.</param>
    /// <returns>Sums over the tokens whose weight is not 0.</returns>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a number that counts is NaN or infinite; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static PolicyMetrics Compute(
        Engine engine,
        in PolicyLossInputs inputs,
        PolicyLossOptions options,
        double normalizer,
        Span<float> losses = default,
        Span<float> gradients = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Require.Positive(normalizer);
        CheckLengths(inputs, options, losses.Length, gradients.Length);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        px_policy_metrics metrics;
        fixed (float* logprob = inputs.LogProbs,
               old = inputs.OldLogProbs,
               reference = inputs.ReferenceLogProbs,
               advantage = inputs.Advantages,
               weight = inputs.Weights,
               loss = losses,
               gradient = gradients)
        {
            var args = new px_policy_loss_args
            {
                struct_size = (uint)sizeof(px_policy_loss_args),
                count = inputs.LogProbs.Length,
                logprob = logprob,
                old_logprob = old,
                ref_logprob = reference,
                advantage = advantage,
                weight = weight,
                normalizer = normalizer,
                clip_low = options.ClipLow,
                clip_high = options.ClipHigh,
                dual_clip = options.DualClip,
                kl_coefficient = options.KlCoefficient,
                kl_estimator = (int)options.KlEstimator,
                loss = loss,
                gradient = gradient,
            };
            NativeStatus.Check(NativeMethods.px_policy_loss_f32(lease.Pointer, &args, &metrics));
        }

        return PolicyMetrics.FromNative(metrics);
    }

    private static void CheckLengths(in PolicyLossInputs inputs, PolicyLossOptions options, int losses, int gradients)
    {
        int count = inputs.LogProbs.Length;
        Arrays.Length(inputs.OldLogProbs.Length, count, nameof(inputs.OldLogProbs));
        Arrays.Length(inputs.Advantages.Length, count, nameof(inputs.Advantages));
        Arrays.OptionalLength(inputs.Weights.Length, count, nameof(inputs.Weights));
        Arrays.OptionalLength(losses, count, nameof(losses));
        Arrays.OptionalLength(gradients, count, nameof(gradients));
        if (options.KlCoefficient == 0)
        {
            Arrays.OptionalLength(inputs.ReferenceLogProbs.Length, count, nameof(inputs.ReferenceLogProbs));
        }
        else
        {
            Arrays.Length(inputs.ReferenceLogProbs.Length, count, nameof(inputs.ReferenceLogProbs));
        }
    }
}
