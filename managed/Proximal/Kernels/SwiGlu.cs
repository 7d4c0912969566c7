using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>
/// The gated feed-forward's activation, silu(gate) · up (Shazeer, arXiv 2002.05202). An element's results depend on its own
/// gate and up alone.
/// </summary>
public static unsafe class SwiGlu
{
    /// <summary>output = gate / (1 + e^-gate) · up.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="features">F, at least 1.</param>
    /// <param name="gateUp">[N, 2 F]: a row's gates, then its ups; or empty.</param>
    /// <param name="output">[N, F] out, or empty.</param>
    /// <param name="outputBf16">[N, F] out, or empty, but one of the two: output rounded to bf16 (nearest even), as bits.</param>
    /// <param name="gateUpBf16">[N, 2 F] as bits of bf16, instead of <paramref name="gateUp"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit; the text names it.</exception>
    /// <remarks>What is not finite makes its element not finite. Deterministic for any thread count.</remarks>
    public static void Forward(
        Engine engine,
        int features,
        ReadOnlySpan<float> gateUp,
        Span<float> output,
        Span<ushort> outputBf16 = default,
        ReadOnlySpan<ushort> gateUpBf16 = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int rows = RowsOf(gateUp.Length, gateUpBf16.Length, features);
        Arrays.Outputs(output.Length, outputBf16.Length, (long)rows * features, nameof(output), nameof(outputBf16));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* input = gateUp, result = output)
        fixed (ushort* bits = outputBf16, inputBits = gateUpBf16)
        {
            var args = new px_swiglu_args
            {
                struct_size = (uint)sizeof(px_swiglu_args),
                rows = rows,
                features = features,
                gate_up = input,
                @out = result,
                out_bf16 = bits,
                gate_up_bf16 = inputBits,
            };
            NativeStatus.Check(NativeMethods.px_swiglu_f32(lease.Pointer, &args));
        }
    }

    /// <summary>With s = 1 / (1 + e^-gate): dGate = dOutput · up · s (1 + gate (1 - s)); dUp = dOutput · gate · s.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="features">F, at least 1.</param>
    /// <param name="gateUp">[N, 2 F] of the forward pass, or empty.</param>
    /// <param name="outputGradient">[N, F].</param>
    /// <param name="gateUpGradient">[N, 2 F] out, or empty; may lie where <paramref name="gateUp"/> does.</param>
    /// <param name="gateUpGradientBf16">[N, 2 F] out, or empty, but one of the two: the gradient rounded to bf16, as bits.</param>
    /// <param name="gateUpBf16">[N, 2 F] as bits of bf16, instead of <paramref name="gateUp"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static void Backward(
        Engine engine,
        int features,
        ReadOnlySpan<float> gateUp,
        ReadOnlySpan<float> outputGradient,
        Span<float> gateUpGradient,
        Span<ushort> gateUpGradientBf16 = default,
        ReadOnlySpan<ushort> gateUpBf16 = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int rows = RowsOf(gateUp.Length, gateUpBf16.Length, features);
        Arrays.Length(outputGradient.Length, (long)rows * features, nameof(outputGradient));
        Arrays.Outputs(
            gateUpGradient.Length, gateUpGradientBf16.Length, 2L * rows * features, nameof(gateUpGradient), nameof(gateUpGradientBf16));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* input = gateUp, gradient = outputGradient, result = gateUpGradient)
        fixed (ushort* bits = gateUpGradientBf16, inputBits = gateUpBf16)
        {
            var args = new px_swiglu_backward_args
            {
                struct_size = (uint)sizeof(px_swiglu_backward_args),
                rows = rows,
                features = features,
                gate_up = input,
                d_out = gradient,
                d_gate_up = result,
                d_gate_up_bf16 = bits,
                gate_up_bf16 = inputBits,
            };
            NativeStatus.Check(NativeMethods.px_swiglu_backward_f32(lease.Pointer, &args));
        }
    }

    private static int RowsOf(int gateUp, int gateUpBf16, int features)
    {
        Require.Between(features, 1, Array.MaxLength / 2);
        return Arrays.Rows(Arrays.Input(gateUp, gateUpBf16, nameof(gateUp), nameof(gateUpBf16)), 2 * features, nameof(gateUp), nameof(features));
    }
}
