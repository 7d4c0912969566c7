using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>
/// Root-mean-square norm of rows, with the residual sum before it (Zhang and Sennrich, arXiv 1910.07467). A row's results
/// depend on that row and the weight alone: the same bits among any other rows and for any thread count.
/// </summary>
public static unsafe class RmsNorm
{
    /// <summary>sum = x + delta; output = sum / sqrt(mean(sum²) + epsilon) · weight, row by row.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="arrays">Rows, weight and results.</param>
    /// <param name="epsilon">Added under the root, above 0.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <remarks>What is not finite in a row makes that row's results not finite. Deterministic for any thread count.</remarks>
    public static void Forward(Engine engine, in RmsNormArrays arrays, double epsilon = 1e-5)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Require.Positive(epsilon);
        int rows = Arrays.Rows(arrays.X.Length, arrays.Weight.Length, nameof(arrays.X), nameof(arrays.Weight));
        Arrays.OptionalLength(arrays.Delta.Length, arrays.X.Length, nameof(arrays.Delta));
        Arrays.Length(arrays.Sum.Length, arrays.Delta.Length, nameof(arrays.Sum));
        Arrays.Outputs(
            arrays.Output.Length, arrays.OutputBf16.Length, arrays.X.Length, nameof(arrays.Output), nameof(arrays.OutputBf16));
        Arrays.OptionalLength(arrays.InverseRms.Length, rows, nameof(arrays.InverseRms));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* x = arrays.X,
               delta = arrays.Delta,
               weight = arrays.Weight,
               sum = arrays.Sum,
               output = arrays.Output,
               rstd = arrays.InverseRms)
        fixed (ushort* bits = arrays.OutputBf16)
        {
            var args = new px_rmsnorm_args
            {
                struct_size = (uint)sizeof(px_rmsnorm_args),
                rows = rows,
                hidden = arrays.Weight.Length,
                x = x,
                delta = delta,
                weight = weight,
                epsilon = epsilon,
                sum = sum,
                @out = output,
                out_bf16 = bits,
                rstd = rstd,
            };
            NativeStatus.Check(NativeMethods.px_rmsnorm_f32(lease.Pointer, &args));
        }
    }

    /// <summary>
    /// With r = 1 / rms and g = dOutput · weight: dX = r (g - x r² mean(g x)); the weight's gradient is the sum over rows of
    /// dOutput · x · r.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="arrays">What the forward pass read and made, and gradients.</param>
    /// <param name="add">The gradient of X is added to what stands there, as that of a residual stream is.</param>
    /// <exception cref="ArgumentException">A length does not fit; the text names it.</exception>
    /// <remarks>Sums over rows run in a fixed order. Deterministic for any thread count.</remarks>
    public static void Backward(Engine engine, in RmsNormGradients arrays, bool add = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int hidden = arrays.Weight.Length;
        int rows = Arrays.Rows(arrays.X.Length, hidden, nameof(arrays.X), nameof(arrays.Weight));
        Arrays.Length(arrays.InverseRms.Length, rows, nameof(arrays.InverseRms));
        Arrays.Length(arrays.Output.Length, arrays.X.Length, nameof(arrays.Output));
        Arrays.Length(arrays.Input.Length, arrays.X.Length, nameof(arrays.Input));
        Arrays.OptionalLength(arrays.InputBf16.Length, arrays.X.Length, nameof(arrays.InputBf16));
        Arrays.OptionalLength(arrays.WeightGradient.Length, hidden, nameof(arrays.WeightGradient));
        if (!arrays.WeightGradient.IsEmpty)
        {
            Arrays.AtLeast(arrays.Workspace.Length, BackwardWorkspace(rows, hidden), nameof(arrays.Workspace));
        }

        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* x = arrays.X,
               weight = arrays.Weight,
               rstd = arrays.InverseRms,
               outputGradient = arrays.Output,
               inputGradient = arrays.Input,
               weightGradient = arrays.WeightGradient,
               workspace = arrays.Workspace)
        fixed (ushort* bits = arrays.InputBf16)
        {
            var args = new px_rmsnorm_backward_args
            {
                struct_size = (uint)sizeof(px_rmsnorm_backward_args),
                flags = add ? (uint)px_rmsnorm_flags.PX_RMSNORM_ADD : 0,
                rows = rows,
                hidden = hidden,
                x = x,
                weight = weight,
                rstd = rstd,
                d_out = outputGradient,
                d_x = inputGradient,
                d_x_bf16 = bits,
                d_weight = weightGradient,
                workspace = workspace,
                workspace_bytes = (ulong)arrays.Workspace.Length * sizeof(float),
            };
            NativeStatus.Check(NativeMethods.px_rmsnorm_backward_f32(lease.Pointer, &args));
        }
    }

    /// <summary>Entries of workspace that <see cref="Backward"/> needs for the weight's gradient.</summary>
    /// <param name="rows">N, at least 0.</param>
    /// <param name="hidden">H, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public static int BackwardWorkspace(int rows, int hidden)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(hidden, 1);
        return checked((int)(NativeMethods.px_rmsnorm_backward_workspace(rows, hidden) / sizeof(float)));
    }
}
