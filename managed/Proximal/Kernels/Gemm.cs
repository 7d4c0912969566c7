using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Kernels;

/// <summary>
/// Rows times weights: out[m, n] = f(sum over k of x[m, k] w[n, k], + bias[n], + residual[m, n]) with an <see cref="Activation"/> f
/// or none. Products are summed in float along k in ascending order. A row's results depend on that row and the weights alone: the
/// same bits among any other rows and for any thread count.
/// </summary>
/// <remarks>
/// With y = x wᵀ the gradient of x is dy times the weights that are written transposed, and the gradient of w is the columns of dy
/// times x written transposed, added to what is there by a residual that is the output.
/// </remarks>
public static unsafe class Gemm
{
    /// <summary>Multiplies rows of floats.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="rows">[M, K] row-major.</param>
    /// <param name="weights">[N, K] of type Float32.</param>
    /// <param name="outputs">Where the results go and what is added to them.</param>
    /// <exception cref="ArgumentException">A length or a type does not fit; the text names it.</exception>
    public static void Multiply(Engine engine, ReadOnlySpan<float> rows, PackedWeights weights, in GemmOutputs outputs)
    {
        CheckType(weights, TensorType.Float32);
        int count = CountOf(rows.Length, weights.Inputs, nameof(rows));
        fixed (float* first = rows)
        {
            Multiply(engine, first, count, weights, outputs, 0);
        }
    }

    /// <summary>Multiplies rows in bf16 bits.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="rows">[M, K] row-major.</param>
    /// <param name="weights">[N, K] of type BFloat16.</param>
    /// <param name="outputs">Where the results go and what is added to them.</param>
    /// <exception cref="ArgumentException">A length or a type does not fit; the text names it.</exception>
    public static void Multiply(Engine engine, ReadOnlySpan<ushort> rows, PackedWeights weights, in GemmOutputs outputs)
    {
        CheckType(weights, TensorType.BFloat16);
        int count = CountOf(rows.Length, weights.Inputs, nameof(rows));
        fixed (ushort* first = rows)
        {
            Multiply(engine, first, count, weights, outputs, 0);
        }
    }

    /// <summary>Multiplies columns of floats, as if they were rows.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="columns">[K, M] row-major.</param>
    /// <param name="weights">[N, K] of type Float32.</param>
    /// <param name="outputs">Where the results go and what is added to them.</param>
    /// <exception cref="ArgumentException">A length or a type does not fit; the text names it.</exception>
    public static void MultiplyColumns(Engine engine, ReadOnlySpan<float> columns, PackedWeights weights, in GemmOutputs outputs)
    {
        CheckType(weights, TensorType.Float32);
        int count = CountOf(columns.Length, weights.Inputs, nameof(columns));
        fixed (float* first = columns)
        {
            Multiply(engine, first, count, weights, outputs, px_gemm_flags.PX_GEMM_TRANSPOSED);
        }
    }

    /// <summary>Multiplies columns of bf16 in pairs, as if they were rows.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="pairs">What came of <see cref="Interleave(Engine, ReadOnlySpan{ushort}, int, Span{uint})"/>.</param>
    /// <param name="weights">[N, K] of type BFloat16.</param>
    /// <param name="outputs">Where the results go and what is added to them.</param>
    /// <exception cref="ArgumentException">A length or a type does not fit; the text names it.</exception>
    public static void MultiplyColumns(Engine engine, ReadOnlySpan<uint> pairs, PackedWeights weights, in GemmOutputs outputs)
    {
        CheckType(weights, TensorType.BFloat16);
        int count = CountOf(pairs.Length, PairsOf(weights.Inputs), nameof(pairs));
        fixed (uint* first = pairs)
        {
            Multiply(engine, first, count, weights, outputs, px_gemm_flags.PX_GEMM_TRANSPOSED);
        }
    }

    /// <summary>Rounds columns to bf16 (nearest even) and lays neighbours along K side by side.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="columns">[K, M] row-major.</param>
    /// <param name="inputs">K, at least 1.</param>
    /// <param name="pairs">(K + 1) / 2 * M words out, in an order of the library and the engine.</param>
    /// <exception cref="ArgumentException">A length does not fit; the text names it.</exception>
    public static void Interleave(Engine engine, ReadOnlySpan<float> columns, int inputs, Span<uint> pairs)
    {
        fixed (float* first = columns)
        {
            Interleave(engine, first, px_dtype.PX_DTYPE_F32, columns.Length, inputs, pairs);
        }
    }

    /// <summary>Lays columns in bf16 bits with neighbours along K side by side.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="columns">[K, M] row-major.</param>
    /// <param name="inputs">K, at least 1.</param>
    /// <param name="pairs">(K + 1) / 2 * M words out, in an order of the library and the engine.</param>
    /// <exception cref="ArgumentException">A length does not fit; the text names it.</exception>
    public static void Interleave(Engine engine, ReadOnlySpan<ushort> columns, int inputs, Span<uint> pairs)
    {
        fixed (ushort* first = columns)
        {
            Interleave(engine, first, px_dtype.PX_DTYPE_BF16, columns.Length, inputs, pairs);
        }
    }

    private static void Multiply(
        Engine engine, void* x, int rows, PackedWeights weights, in GemmOutputs outputs, px_gemm_flags flags)
    {
        ArgumentNullException.ThrowIfNull(engine);
        CheckOutputs(outputs, rows, weights.Outputs);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* output = outputs.Output, bias = outputs.Bias, residual = outputs.Residual)
        fixed (ushort* rounded = outputs.OutputBf16)
        {
            var args = new px_gemm_args
            {
                struct_size = (uint)sizeof(px_gemm_args),
                flags = (uint)flags,
                dtype = (int)weights.Type,
                activation = (int)outputs.Activation,
                rows = rows,
                outputs = weights.Outputs,
                inputs = weights.Inputs,
                x = x,
                packed = weights.Pointer,
                packed_bytes = (ulong)weights.Bytes,
                bias = bias,
                residual = residual,
                @out = output,
                out_bf16 = rounded,
            };
            NativeStatus.Check(NativeMethods.px_gemm(lease.Pointer, &args));
        }

        GC.KeepAlive(weights);
    }

    private static void Interleave(Engine engine, void* x, px_dtype type, int elements, int inputs, Span<uint> pairs)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        int rows = CountOf(elements, inputs, "columns");
        Arrays.Length(pairs.Length, (long)PairsOf(inputs) * rows, nameof(pairs));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (uint* words = pairs)
        {
            NativeStatus.Check(NativeMethods.px_gemm_interleave(lease.Pointer, x, (int)type, inputs, rows, words));
        }
    }

    private static int PairsOf(int inputs) => (int)(((long)inputs + 1) / 2);

    private static void CheckType(PackedWeights weights, TensorType type)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (weights.Type != type)
        {
            throw new ArgumentException($"Expected packed weights of type {type} for rows of it, got {weights.Type}.", nameof(weights));
        }
    }

    private static int CountOf(int elements, int length, string name) =>
        elements % length == 0
            ? elements / length
            : throw new ArgumentException($"Expected a whole number of rows or columns of {length} entries, got {elements}.", name);

    private static void CheckOutputs(in GemmOutputs outputs, int rows, int columns)
    {
        long count = (long)rows * columns;
        Arrays.OptionalLength(outputs.Output.Length, count, nameof(outputs.Output));
        Arrays.OptionalLength(outputs.OutputBf16.Length, count, nameof(outputs.OutputBf16));
        Arrays.OptionalLength(outputs.Residual.Length, count, nameof(outputs.Residual));
        Arrays.OptionalLength(outputs.Bias.Length, columns, nameof(outputs.Bias));
        if (outputs.Output.IsEmpty && outputs.OutputBf16.IsEmpty && count != 0)
        {
            throw new ArgumentException($"Expected room for {count} results in {nameof(outputs.Output)} or {nameof(outputs.OutputBf16)}.", nameof(outputs));
        }
    }
}
