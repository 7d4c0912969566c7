using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>Advantages without a critic: a group of answers to one prompt is its own baseline.</summary>
public static unsafe class GroupAdvantage
{
    /// <summary>(score - baseline) · scale within each group. G groups, N rows.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="offsets">[G + 1] where each group's rows begin, from 0, not decreasing; N is the last one.</param>
    /// <param name="scores">[N].</param>
    /// <param name="mask">[N] 1: has a score; empty: all have. What stands in masked places does not matter.</param>
    /// <param name="options">Baseline and scale.</param>
    /// <param name="advantages">[N] out; 0 where masked.</param>
    /// <param name="weights">[N] above 0, or empty: weights of the baseline's mean, with a scale that is not the group's deviation.</param>
    /// <returns>Sums over rows and groups.</returns>
    /// <exception cref="ArgumentException">A length or a number does not fit, or a group has one row; the text names it.</exception>
    /// <exception cref="ProximalException">NotFinite: a score or weight that counts is NaN or infinite; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static GroupMetrics Compute(
        Engine engine,
        ReadOnlySpan<long> offsets,
        ReadOnlySpan<float> scores,
        ReadOnlySpan<byte> mask,
        GroupAdvantageOptions options,
        Span<float> advantages,
        ReadOnlySpan<float> weights = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        int rows = Arrays.Offsets(offsets, nameof(offsets));
        Arrays.Length(scores.Length, rows, nameof(scores));
        Arrays.OptionalLength(mask.Length, rows, nameof(mask));
        Arrays.Length(advantages.Length, rows, nameof(advantages));
        Arrays.OptionalLength(weights.Length, rows, nameof(weights));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        px_group_metrics metrics;
        fixed (long* offset = offsets)
        fixed (byte* real = mask)
        fixed (float* score = scores, weight = weights, advantage = advantages)
        {
            var args = new px_group_advantage_args
            {
                struct_size = (uint)sizeof(px_group_advantage_args),
                groups = offsets.Length - 1,
                offsets = offset,
                score = score,
                mask = real,
                weight = weight,
                baseline = (int)options.Baseline,
                scale = (int)options.Scale,
                epsilon = options.Epsilon,
                deviation = options.GivenDeviation,
                advantage = advantage,
            };
            NativeStatus.Check(NativeMethods.px_group_advantage_f32(lease.Pointer, &args, &metrics));
        }

        return GroupMetrics.FromNative(metrics);
    }
}
