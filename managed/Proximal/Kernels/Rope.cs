using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>
/// Rotary position embedding of query and key heads (Su et al., arXiv 2104.09864) in the half-split form of Hugging Face
/// checkpoints, with the norm of heads before it (Qwen3) in the same pass. A row's results depend on that row and its
/// position alone.
/// </summary>
public static unsafe class Rope
{
    /// <summary>
    /// With h = x, or x / sqrt(mean(x²) + epsilon) · weight over a head, for i below D / 2:
    /// output[i] = h[i] cos[i] - h[i + D/2] sin[i]; output[i + D/2] = h[i + D/2] cos[i] + h[i] sin[i]. Values are kept.
    /// </summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="heads">What a row holds.</param>
    /// <param name="arrays">Rows, positions, tables, weights and results.</param>
    /// <param name="epsilon">Of the norms, under the root, above 0.</param>
    /// <exception cref="ArgumentException">A length or a number does not fit, or a position is out of range; the text names it.</exception>
    /// <remarks>What is not finite in a head makes that head not finite. Deterministic for any thread count.</remarks>
    public static void Forward(Engine engine, RopeHeads heads, in RopeArrays arrays, double epsilon = 1e-6)
    {
        ArgumentNullException.ThrowIfNull(engine);
        heads.Validate();
        Require.Positive(epsilon);
        int rows = arrays.Positions.Length;
        bool normed = !arrays.QueryNorm.IsEmpty;
        Arrays.Length(arrays.X.Length, (long)rows * heads.Columns, nameof(arrays.X));
        int positions = CheckTables(heads, arrays.Cosines, arrays.Sines);
        CheckPair(heads, arrays.QueryNorm.Length, arrays.KeyNorm.Length, nameof(arrays.QueryNorm), nameof(arrays.KeyNorm));
        Arrays.Outputs(
            arrays.Output.Length, arrays.OutputBf16.Length, arrays.X.Length, nameof(arrays.Output), nameof(arrays.OutputBf16));
        Arrays.OptionalLength(arrays.InverseRms.Length, normed ? (long)rows * heads.Turned : 0, nameof(arrays.InverseRms));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* x = arrays.X,
               cos = arrays.Cosines,
               sin = arrays.Sines,
               query = arrays.QueryNorm,
               key = arrays.KeyNorm,
               output = arrays.Output,
               rstd = arrays.InverseRms)
        fixed (int* position = arrays.Positions)
        fixed (ushort* bits = arrays.OutputBf16)
        {
            var args = new px_rope_args
            {
                struct_size = (uint)sizeof(px_rope_args),
                rows = rows,
                heads = heads.Queries,
                kv_heads = heads.KeyValues,
                head_size = heads.Size,
                positions = positions,
                x = x,
                position = position,
                cos = cos,
                sin = sin,
                query_norm = query,
                key_norm = key,
                epsilon = epsilon,
                @out = output,
                out_bf16 = bits,
                rstd = rstd,
            };
            NativeStatus.Check(NativeMethods.px_rope_f32(lease.Pointer, &args));
        }
    }

    /// <summary>The heads' gradients turned back, and through the norms where there are some.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="heads">What a row holds.</param>
    /// <param name="arrays">What the forward pass read and made, and gradients.</param>
    /// <exception cref="ArgumentException">A length does not fit, or a position is out of range; the text names it.</exception>
    /// <remarks>Sums over rows run in a fixed order. Deterministic for any thread count.</remarks>
    public static void Backward(Engine engine, RopeHeads heads, in RopeGradients arrays)
    {
        ArgumentNullException.ThrowIfNull(engine);
        heads.Validate();
        int rows = arrays.Positions.Length;
        bool normed = !arrays.QueryNorm.IsEmpty;
        long elements = (long)rows * heads.Columns;
        Arrays.Length(arrays.Output.Length, elements, nameof(arrays.Output));
        int positions = CheckTables(heads, arrays.Cosines, arrays.Sines);
        CheckPair(heads, arrays.QueryNorm.Length, arrays.KeyNorm.Length, nameof(arrays.QueryNorm), nameof(arrays.KeyNorm));
        Arrays.Length(arrays.X.Length, normed ? elements : 0, nameof(arrays.X));
        Arrays.Length(arrays.InverseRms.Length, normed ? (long)rows * heads.Turned : 0, nameof(arrays.InverseRms));
        Arrays.Outputs(arrays.Input.Length, arrays.InputBf16.Length, elements, nameof(arrays.Input), nameof(arrays.InputBf16));
        CheckPair(
            heads,
            arrays.QueryNormGradient.Length,
            arrays.KeyNormGradient.Length,
            nameof(arrays.QueryNormGradient),
            nameof(arrays.KeyNormGradient));
        if (!arrays.QueryNormGradient.IsEmpty)
        {
            Arrays.Length(arrays.QueryNormGradient.Length, arrays.QueryNorm.Length, nameof(arrays.QueryNormGradient));
            Arrays.AtLeast(arrays.Workspace.Length, BackwardWorkspace(rows, heads), nameof(arrays.Workspace));
        }

        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (float* x = arrays.X,
               cos = arrays.Cosines,
               sin = arrays.Sines,
               query = arrays.QueryNorm,
               key = arrays.KeyNorm,
               rstd = arrays.InverseRms,
               outputGradient = arrays.Output,
               inputGradient = arrays.Input,
               queryGradient = arrays.QueryNormGradient,
               keyGradient = arrays.KeyNormGradient,
               workspace = arrays.Workspace)
        fixed (int* position = arrays.Positions)
        fixed (ushort* bits = arrays.InputBf16)
        {
            var args = new px_rope_backward_args
            {
                struct_size = (uint)sizeof(px_rope_backward_args),
                rows = rows,
                heads = heads.Queries,
                kv_heads = heads.KeyValues,
                head_size = heads.Size,
                positions = positions,
                d_out = outputGradient,
                position = position,
                cos = cos,
                sin = sin,
                query_norm = query,
                key_norm = key,
                x = x,
                rstd = rstd,
                d_x = inputGradient,
                d_x_bf16 = bits,
                d_query_norm = queryGradient,
                d_key_norm = keyGradient,
                workspace = workspace,
                workspace_bytes = (ulong)arrays.Workspace.Length * sizeof(float),
            };
            NativeStatus.Check(NativeMethods.px_rope_backward_f32(lease.Pointer, &args));
        }
    }

    /// <summary>Entries of workspace that <see cref="Backward"/> needs for the gradients of the norms' weights.</summary>
    /// <param name="rows">N, at least 0.</param>
    /// <param name="heads">What a row holds.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public static int BackwardWorkspace(int rows, RopeHeads heads)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        heads.Validate();
        ulong bytes = NativeMethods.px_rope_backward_workspace(rows, heads.Queries, heads.KeyValues, heads.Size);
        return checked((int)(bytes / sizeof(float)));
    }

    /// <summary>Returns the number of positions.</summary>
    private static int CheckTables(RopeHeads heads, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines)
    {
        int positions = Arrays.Rows(cosines.Length, heads.Size / 2, nameof(RopeArrays.Cosines), nameof(heads));
        Arrays.Length(sines.Length, cosines.Length, nameof(RopeArrays.Sines));
        return positions;
    }

    /// <summary>An array for queries, or none, and the same for keys where there are some.</summary>
    private static void CheckPair(RopeHeads heads, int query, int key, string queryName, string keyName)
    {
        Arrays.OptionalLength(query, heads.Size, queryName);
        Arrays.Length(key, heads.KeyValues > 0 ? query : 0, keyName);
    }
}
