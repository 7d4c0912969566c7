using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>Gives the elements that count mean 0 and variance 1: measure, merge with other batches and ranks, apply.</summary>
public static unsafe class Whitening
{
    /// <summary>Moments of the elements that count; two passes in double.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="x">[N].</param>
    /// <param name="mask">[N] 1: counts; empty: all do.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    /// <exception cref="ProximalException">NotFinite: an element that counts is NaN or infinite; the text names it.</exception>
    public static Moments Moments(Engine engine, ReadOnlySpan<float> x, ReadOnlySpan<byte> mask = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.OptionalLength(mask.Length, x.Length, nameof(mask));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        px_moments moments;
        fixed (float* element = x)
        fixed (byte* counts = mask)
        {
            NativeStatus.Check(
                NativeMethods.px_whiten_moments_f32(lease.Pointer, element, counts, x.Length, &moments));
        }

        return Kernels.Moments.FromNative(moments);
    }

    /// <summary>
    /// (x - mean) · rsqrt(variance + 1e-8) where the mask is 1, 0 elsewhere. With fewer than two elements the result is 0, or x
    /// itself when the mean is kept.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="x">[N].</param>
    /// <param name="mask">[N] 1: counts; empty: all do.</param>
    /// <param name="moments">The moments to whiten with, of this batch or of several merged.</param>
    /// <param name="whitened">[N] out; may be <paramref name="x"/>.</param>
    /// <param name="keepMean">Adds the mean back: only the spread becomes 1.</param>
    /// <param name="biased">Divides the squared deviations by the count instead of one less.</param>
    /// <exception cref="ArgumentException">A length does not fit, or the moments are none.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static void Apply(
        Engine engine,
        ReadOnlySpan<float> x,
        ReadOnlySpan<byte> mask,
        Moments moments,
        Span<float> whitened,
        bool keepMean = false,
        bool biased = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.OptionalLength(mask.Length, x.Length, nameof(mask));
        Arrays.Length(whitened.Length, x.Length, nameof(whitened));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        px_moments native = moments.ToNative();
        uint flags = (keepMean ? (uint)px_whiten_flags.PX_WHITEN_KEEP_MEAN : 0)
            | (biased ? (uint)px_whiten_flags.PX_WHITEN_BIASED : 0);
        fixed (float* element = x, target = whitened)
        fixed (byte* counts = mask)
        {
            NativeStatus.Check(NativeMethods.px_whiten_apply_f32(
                lease.Pointer, element, counts, x.Length, &native, flags, target));
        }
    }
}
