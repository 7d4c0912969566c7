using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>The pairwise loss of reward models (Christiano et al. 2017; margin: Llama 2, arXiv 2307.09288).</summary>
public static unsafe class BradleyTerry
{
    /// <summary>-log sigmoid(chosen - rejected - margin) + c (chosen + rejected)², stable for any difference.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="chosen">[N] scores of the preferred answers.</param>
    /// <param name="rejected">[N] scores of the others.</param>
    /// <param name="margins">[N]; empty: 0.</param>
    /// <param name="normalizer">Divides the sum; the number of pairs of the step for a mean. Finite, above 0.</param>
    /// <param name="losses">[N] out, or empty: per pair, before the normalizer.</param>
    /// <param name="chosenGradients">[N] out, or empty: d (sum(loss) / normalizer) / d chosen.</param>
    /// <param name="rejectedGradients">[N] out, or empty: d (sum(loss) / normalizer) / d rejected.</param>
    /// <param name="centerCoefficient">c, which holds scores around 0; at least 0.</param>
    /// <returns>Sums over the pairs.</returns>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a score or margin is NaN or infinite; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static BradleyTerryMetrics Compute(
        Engine engine,
        ReadOnlySpan<float> chosen,
        ReadOnlySpan<float> rejected,
        ReadOnlySpan<float> margins,
        double normalizer,
        Span<float> losses = default,
        Span<float> chosenGradients = default,
        Span<float> rejectedGradients = default,
        double centerCoefficient = 0)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.Length(rejected.Length, chosen.Length, nameof(rejected));
        Arrays.OptionalLength(margins.Length, chosen.Length, nameof(margins));
        Require.Positive(normalizer);
        Arrays.OptionalLength(losses.Length, chosen.Length, nameof(losses));
        Arrays.OptionalLength(chosenGradients.Length, chosen.Length, nameof(chosenGradients));
        Arrays.OptionalLength(rejectedGradients.Length, chosen.Length, nameof(rejectedGradients));
        Require.NotNegative(centerCoefficient);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        px_bradley_terry_metrics metrics;
        fixed (float* better = chosen,
               worse = rejected,
               margin = margins,
               loss = losses,
               chosenGradient = chosenGradients,
               rejectedGradient = rejectedGradients)
        {
            var args = new px_bradley_terry_args
            {
                struct_size = (uint)sizeof(px_bradley_terry_args),
                count = chosen.Length,
                chosen = better,
                rejected = worse,
                margin = margin,
                center_coefficient = centerCoefficient,
                normalizer = normalizer,
                loss = loss,
                gradient_chosen = chosenGradient,
                gradient_rejected = rejectedGradient,
            };
            NativeStatus.Check(NativeMethods.px_bradley_terry_f32(lease.Pointer, &args, &metrics));
        }

        return BradleyTerryMetrics.FromNative(metrics);
    }
}
