using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>Between float and bf16, whose bits are the upper half of a float's.</summary>
public static unsafe class Cast
{
    /// <summary>Rounds to bf16: nearest, ties to even; NaN stays NaN, beyond the largest number is infinity.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="x">[N].</param>
    /// <param name="output">[N] out, bits.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void ToBf16(Engine engine, ReadOnlySpan<float> x, Span<ushort> output)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.Length(output.Length, x.Length, nameof(output));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* input = x)
        fixed (ushort* bits = output)
        {
            NativeStatus.Check(NativeMethods.px_cast_f32_to_bf16(lease.Pointer, input, x.Length, bits));
        }
    }

    /// <summary>Widens bf16 to float, exactly.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="x">[N], bits.</param>
    /// <param name="output">[N] out.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void ToSingle(Engine engine, ReadOnlySpan<ushort> x, Span<float> output)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.Length(output.Length, x.Length, nameof(output));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (ushort* bits = x)
        fixed (float* result = output)
        {
            NativeStatus.Check(NativeMethods.px_cast_bf16_to_f32(lease.Pointer, bits, x.Length, result));
        }
    }
}
