using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>PPO's clipped value loss.</summary>
public static unsafe class ValueLoss
{
    /// <summary>
    /// ½ max((V' - R)², (V + clip(V' - V, ±clip) - R)²). Where both are exactly equal the unclipped branch's gradient is taken.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="values">[N] V', of the critic in training.</param>
    /// <param name="oldValues">[N] V, at the rollout.</param>
    /// <param name="returns">[N] R.</param>
    /// <param name="weights">[N] 0: masked, whatever stands elsewhere; empty: ones.</param>
    /// <param name="normalizer">Divides the weighted sum over the whole optimizer step; finite, above 0.</param>
    /// <param name="losses">[N] out, or empty: per token, before weight and normalizer.</param>
    /// <param name="gradients">[N] out, or empty: d (sum(weight · loss) / normalizer) / d value.</param>
    /// <param name="clip">How far a value may move from the rollout's, in units of the values; above 0, infinity: off.</param>
    /// <returns>Sums over the tokens whose weight is not 0.</returns>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a number that counts is NaN or infinite; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static ValueMetrics Compute(
        Engine engine,
        ReadOnlySpan<float> values,
        ReadOnlySpan<float> oldValues,
        ReadOnlySpan<float> returns,
        ReadOnlySpan<float> weights,
        double normalizer,
        Span<float> losses = default,
        Span<float> gradients = default,
        double clip = 0.5)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.Length(oldValues.Length, values.Length, nameof(oldValues));
        Arrays.Length(returns.Length, values.Length, nameof(returns));
        Arrays.OptionalLength(weights.Length, values.Length, nameof(weights));
        Require.Positive(normalizer);
        Arrays.OptionalLength(losses.Length, values.Length, nameof(losses));
        Arrays.OptionalLength(gradients.Length, values.Length, nameof(gradients));
        Require.PositiveOrInfinity(clip);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        px_value_metrics metrics;
        fixed (float* value = values,
               old = oldValues,
               target = returns,
               weight = weights,
               loss = losses,
               gradient = gradients)
        {
            var args = new px_value_loss_args
            {
                struct_size = (uint)sizeof(px_value_loss_args),
                count = values.Length,
                value = value,
                old_value = old,
                returns = target,
                weight = weight,
                normalizer = normalizer,
                clip = clip,
                loss = loss,
                gradient = gradient,
            };
            NativeStatus.Check(NativeMethods.px_value_loss_f32(lease.Pointer, &args, &metrics));
        }

        return ValueMetrics.FromNative(metrics);
    }
}
