using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>
/// Layer norm of rows, with the residual sum before it (Ba, Kiros and Hinton, arXiv 1607.06450). A row's results depend on
/// that row, the weight and the bias alone: the same bits among any other rows and for any thread count.
/// </summary>
public static unsafe class LayerNorm
{
    /// <summary>sum = x + delta; output = (sum - mean) / sqrt(variance + epsilon) · weight + bias, row by row.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="arrays">Rows, weight, bias and results.</param>
    /// <param name="epsilon">Added under the root, above 0.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <remarks>What is not finite in a row makes that row's results not finite. Deterministic for any thread count.</remarks>
    public static void Forward(Engine engine, in LayerNormArrays arrays, double epsilon = 1e-5)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Require.Positive(epsilon);
        int rows = Arrays.Rows(arrays.X.Length, arrays.Weight.Length, nameof(arrays.X), nameof(arrays.Weight));
        Arrays.Length(arrays.Bias.Length, arrays.Weight.Length, nameof(arrays.Bias));
        Arrays.OptionalLength(arrays.Delta.Length, arrays.X.Length, nameof(arrays.Delta));
        Arrays.Length(arrays.Sum.Length, arrays.Delta.Length, nameof(arrays.Sum));
        Arrays.Outputs(
            arrays.Output.Length, arrays.OutputBf16.Length, arrays.X.Length, nameof(arrays.Output), nameof(arrays.OutputBf16));
        Arrays.OptionalLength(arrays.Mean.Length, rows, nameof(arrays.Mean));
        Arrays.OptionalLength(arrays.InverseDeviation.Length, rows, nameof(arrays.InverseDeviation));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* x = arrays.X,
               delta = arrays.Delta,
               weight = arrays.Weight,
               bias = arrays.Bias,
               sum = arrays.Sum,
               output = arrays.Output,
               mean = arrays.Mean,
               rstd = arrays.InverseDeviation)
        fixed (ushort* bits = arrays.OutputBf16)
        {
            var args = new px_layernorm_args
            {
                struct_size = (uint)sizeof(px_layernorm_args),
                rows = rows,
                hidden = arrays.Weight.Length,
                x = x,
                delta = delta,
                weight = weight,
                bias = bias,
                epsilon = epsilon,
                sum = sum,
                @out = output,
                out_bf16 = bits,
                mean = mean,
                rstd = rstd,
            };
            NativeStatus.Check(NativeMethods.px_layernorm_f32(lease.Pointer, &args));
        }
    }

    /// <summary>
    /// With r = 1 / deviation, h = (x - mean) r and g = dOutput · weight: dX = r (g - mean(g) - h mean(g h)); the gradients of
    /// weight and bias are the sums over rows of dOutput · h and dOutput.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="arrays">What the forward pass read and made, and gradients.</param>
    /// <param name="add">The gradient of X is added to what stands there, as that of a residual stream is.</param>
    /// <exception cref="ArgumentException">A length does not fit; the text names it.</exception>
    /// <remarks>Sums over rows run in a fixed order. Deterministic for any thread count.</remarks>
    public static void Backward(Engine engine, in LayerNormGradients arrays, bool add = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int hidden = arrays.Weight.Length;
        int rows = Arrays.Rows(arrays.X.Length, hidden, nameof(arrays.X), nameof(arrays.Weight));
        Arrays.Length(arrays.Mean.Length, rows, nameof(arrays.Mean));
        Arrays.Length(arrays.InverseDeviation.Length, rows, nameof(arrays.InverseDeviation));
        Arrays.Length(arrays.Output.Length, arrays.X.Length, nameof(arrays.Output));
        Arrays.Length(arrays.Input.Length, arrays.X.Length, nameof(arrays.Input));
        Arrays.OptionalLength(arrays.InputBf16.Length, arrays.X.Length, nameof(arrays.InputBf16));
        Arrays.OptionalLength(arrays.WeightGradient.Length, hidden, nameof(arrays.WeightGradient));
        Arrays.Length(arrays.BiasGradient.Length, arrays.WeightGradient.Length, nameof(arrays.BiasGradient));
        if (!arrays.WeightGradient.IsEmpty)
        {
            Arrays.AtLeast(arrays.Workspace.Length, BackwardWorkspace(rows, hidden), nameof(arrays.Workspace));
        }

        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* x = arrays.X,
               weight = arrays.Weight,
               mean = arrays.Mean,
               rstd = arrays.InverseDeviation,
               outputGradient = arrays.Output,
               inputGradient = arrays.Input,
               weightGradient = arrays.WeightGradient,
               biasGradient = arrays.BiasGradient,
               workspace = arrays.Workspace)
        fixed (ushort* bits = arrays.InputBf16)
        {
            var args = new px_layernorm_backward_args
            {
                struct_size = (uint)sizeof(px_layernorm_backward_args),
                flags = add ? (uint)px_layernorm_flags.PX_LAYERNORM_ADD : 0,
                rows = rows,
                hidden = hidden,
                x = x,
                weight = weight,
                mean = mean,
                rstd = rstd,
                d_out = outputGradient,
                d_x = inputGradient,
                d_x_bf16 = bits,
                d_weight = weightGradient,
                d_bias = biasGradient,
                workspace = workspace,
                workspace_bytes = (ulong)arrays.Workspace.Length * sizeof(float),
            };
            NativeStatus.Check(NativeMethods.px_layernorm_backward_f32(lease.Pointer, &args));
        }
    }

    /// <summary>Entries of workspace that <see cref="Backward"/> needs for the gradients of weight and bias.</summary>
    /// <param name="rows">N, at least 0.</param>
    /// <param name="hidden">H, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public static int BackwardWorkspace(int rows, int hidden)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(hidden, 1);
        return checked((int)(NativeMethods.px_layernorm_backward_workspace(rows, hidden) / sizeof(float)));
    }
}
