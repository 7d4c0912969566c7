using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>
/// Causal attention over packed sequences (Dao et al. 2022, arXiv 2205.14135); heads of queries may share heads of keys and
/// values. A row's results depend on its queries and on the keys and values it sees alone. Memory grows with the tokens,
/// not with their square.
/// </summary>
public static unsafe class Attention
{
    /// <summary>
    /// With s_j = scale · q · k_j over the tokens j that a row sees: p_j = exp(s_j - lse), lse = log sum exp(s_j),
    /// output = sum of p_j v_j.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="options">Heads, and what a row sees.</param>
    /// <param name="arrays">Rows and results.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <remarks>What is not finite makes the rows that see it not finite, and, where it is a value, may do so with the 63
    /// rows before. Deterministic for any thread count.</remarks>
    public static void Forward(Engine engine, AttentionOptions options, in AttentionArrays arrays)
    {
        ArgumentNullException.ThrowIfNull(engine);
        long tokens = Check(options, arrays.Offsets, arrays.Rows.Length);
        Arrays.Outputs(
            arrays.Output.Length,
            arrays.OutputBf16.Length,
            tokens * options.OutputColumns,
            nameof(arrays.Output),
            nameof(arrays.OutputBf16));
        Arrays.OptionalLength(arrays.LogSumExp.Length, tokens * options.Queries, nameof(arrays.LogSumExp));
        Arrays.AtLeast(arrays.Workspace.Length, Workspace(engine, options, arrays.Offsets), nameof(arrays.Workspace));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (long* offsets = arrays.Offsets)
        fixed (float* rows = arrays.Rows, output = arrays.Output, lse = arrays.LogSumExp, workspace = arrays.Workspace)
        fixed (ushort* bits = arrays.OutputBf16)
        {
            var args = new px_attention_args
            {
                struct_size = (uint)sizeof(px_attention_args),
                sequences = arrays.Offsets.Length - 1,
                offsets = offsets,
                heads = options.Queries,
                kv_heads = options.KeyValues,
                head_size = options.HeadSize,
                window = options.Window,
                scale = options.Scale ?? 0,
                dtype = DType(options),
                qkv = rows,
                @out = output,
                out_bf16 = bits,
                lse = lse,
                workspace = workspace,
                workspace_bytes = (ulong)arrays.Workspace.Length * sizeof(float),
            };
            NativeStatus.Check(NativeMethods.px_attention_f32(lease.Pointer, &args));
        }
    }

    /// <summary>
    /// With dp_j = output gradient · v_j, delta = output gradient · output, ds_j = p_j (dp_j - delta) scale: the gradient of a
    /// query is the sum of ds_j k_j; those of k_j and v_j are the sums of ds_j q and of p_j times the output gradient, over the
    /// rows and heads that see j.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="options">As in the forward pass.</param>
    /// <param name="arrays">What the forward pass read and made, and gradients.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit; the text names it.</exception>
    /// <remarks>Sums over rows run in a fixed order: a sequence's gradient is its own. Deterministic for any thread count.</remarks>
    public static void Backward(Engine engine, AttentionOptions options, in AttentionGradients arrays)
    {
        ArgumentNullException.ThrowIfNull(engine);
        long tokens = Check(options, arrays.Offsets, arrays.Rows.Length);
        long outputs = tokens * options.OutputColumns;
        Arrays.Outputs(
            arrays.Output.Length, arrays.OutputBf16.Length, outputs, nameof(arrays.Output), nameof(arrays.OutputBf16));
        Arrays.Length(arrays.LogSumExp.Length, tokens * options.Queries, nameof(arrays.LogSumExp));
        Arrays.Length(arrays.OutputGradient.Length, outputs, nameof(arrays.OutputGradient));
        Arrays.Length(arrays.RowsGradient.Length, arrays.Rows.Length, nameof(arrays.RowsGradient));
        Arrays.AtLeast(arrays.Workspace.Length, Workspace(engine, options, arrays.Offsets), nameof(arrays.Workspace));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (long* offsets = arrays.Offsets)
        fixed (float* rows = arrays.Rows,
               output = arrays.Output,
               lse = arrays.LogSumExp,
               outputGradient = arrays.OutputGradient,
               rowsGradient = arrays.RowsGradient,
               workspace = arrays.Workspace)
        fixed (ushort* bits = arrays.OutputBf16)
        {
            var args = new px_attention_backward_args
            {
                struct_size = (uint)sizeof(px_attention_backward_args),
                sequences = arrays.Offsets.Length - 1,
                offsets = offsets,
                heads = options.Queries,
                kv_heads = options.KeyValues,
                head_size = options.HeadSize,
                window = options.Window,
                scale = options.Scale ?? 0,
                dtype = DType(options),
                qkv = rows,
                @out = output,
                out_bf16 = bits,
                lse = lse,
                d_out = outputGradient,
                d_qkv = rowsGradient,
                workspace = workspace,
                workspace_bytes = (ulong)arrays.Workspace.Length * sizeof(float),
            };
            NativeStatus.Check(NativeMethods.px_attention_backward_f32(lease.Pointer, &args));
        }
    }

    /// <summary>Entries of workspace that either pass needs on this engine for sequences of these lengths.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="options">Heads.</param>
    /// <param name="offsets">[S + 1] where each sequence begins, from 0, not decreasing.</param>
    /// <exception cref="ArgumentException">A number does not fit; the text names it.</exception>
    public static int Workspace(Engine engine, AttentionOptions options, ReadOnlySpan<long> offsets)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Arrays.Offsets(offsets, nameof(offsets));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (long* offset = offsets)
        {
            ulong bytes = NativeMethods.px_attention_workspace(
                lease.Pointer,
                offsets.Length - 1,
                offset,
                options.Queries,
                options.KeyValues,
                options.HeadSize,
                DType(options));
            return checked((int)((bytes + sizeof(float) - 1) / sizeof(float)));
        }
    }

    /// <summary>Returns the number of tokens.</summary>
    private static long Check(AttentionOptions options, ReadOnlySpan<long> offsets, int rows)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        long tokens = Arrays.Offsets(offsets, nameof(AttentionArrays.Offsets));
        Arrays.Length(rows, tokens * options.Columns, nameof(AttentionArrays.Rows));
        return tokens;
    }

    private static int DType(AttentionOptions options) =>
        (int)(options.Bf16 ? px_dtype.PX_DTYPE_BF16 : px_dtype.PX_DTYPE_F32);
}
