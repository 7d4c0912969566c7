using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>
/// The Gaussian error linear unit (Hendrycks and Gimpel, arXiv 1606.08415), by its tanh formula or exactly. An element's
/// results depend on that element alone.
/// </summary>
public static unsafe class Gelu
{
    /// <summary>output = x / 2 (1 + tanh(√(2/π) (x + 0.044715 x³))), or x / 2 (1 + erf(x / √2)).</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="x">[N], or empty.</param>
    /// <param name="output">[N] out, or empty; may lie where <paramref name="x"/> does.</param>
    /// <param name="outputBf16">[N] out, or empty, but one of the two: output rounded to bf16 (nearest even), as bits.</param>
    /// <param name="exact">By erf; else by the tanh formula, GPT-2's.</param>
    /// <param name="xBf16">[N] as bits of bf16, instead of <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit; the text names it.</exception>
    /// <remarks>What is not finite stays in its element. Deterministic for any thread count.</remarks>
    public static void Forward(
        Engine engine,
        ReadOnlySpan<float> x,
        Span<float> output,
        Span<ushort> outputBf16 = default,
        bool exact = false,
        ReadOnlySpan<ushort> xBf16 = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int count = Arrays.Input(x.Length, xBf16.Length, nameof(x), nameof(xBf16));
        Arrays.Outputs(output.Length, outputBf16.Length, count, nameof(output), nameof(outputBf16));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* input = x, result = output)
        fixed (ushort* bits = outputBf16, inputBits = xBf16)
        {
            var args = new px_gelu_args
            {
                struct_size = (uint)sizeof(px_gelu_args),
                flags = Flags(exact),
                count = count,
                x = input,
                @out = result,
                out_bf16 = bits,
                x_bf16 = inputBits,
            };
            NativeStatus.Check(NativeMethods.px_gelu_f32(lease.Pointer, &args));
        }
    }

    /// <summary>dX = dOutput times the slope of the output at x.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="x">[N] of the forward pass, or empty.</param>
    /// <param name="outputGradient">[N].</param>
    /// <param name="inputGradient">[N] out, or empty; may lie where <paramref name="x"/> or <paramref name="outputGradient"/> does.</param>
    /// <param name="inputGradientBf16">[N] out, or empty, but one of the two: the gradient rounded to bf16, as bits.</param>
    /// <param name="exact">As in the forward pass.</param>
    /// <param name="xBf16">[N] as bits of bf16, instead of <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static void Backward(
        Engine engine,
        ReadOnlySpan<float> x,
        ReadOnlySpan<float> outputGradient,
        Span<float> inputGradient,
        Span<ushort> inputGradientBf16 = default,
        bool exact = false,
        ReadOnlySpan<ushort> xBf16 = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int count = Arrays.Input(x.Length, xBf16.Length, nameof(x), nameof(xBf16));
        Arrays.Length(outputGradient.Length, count, nameof(outputGradient));
        Arrays.Outputs(
            inputGradient.Length, inputGradientBf16.Length, count, nameof(inputGradient), nameof(inputGradientBf16));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* input = x, gradient = outputGradient, result = inputGradient)
        fixed (ushort* bits = inputGradientBf16, inputBits = xBf16)
        {
            var args = new px_gelu_backward_args
            {
                struct_size = (uint)sizeof(px_gelu_backward_args),
                flags = Flags(exact),
                count = count,
                x = input,
                d_out = gradient,
                d_x = result,
                d_x_bf16 = bits,
                x_bf16 = inputBits,
            };
            NativeStatus.Check(NativeMethods.px_gelu_backward_f32(lease.Pointer, &args));
        }
    }

    private static uint Flags(bool exact) => exact ? (uint)px_gelu_flags.PX_GELU_ERF : 0;
}
