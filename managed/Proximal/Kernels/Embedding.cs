using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>Rows of a table by token, with rows of a second one by position, and the gradient of a table.</summary>
public static unsafe class Embedding
{
    /// <summary>output[n] = table[token[n]] + positionTable[position[n]].</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="hidden">H, at least 1.</param>
    /// <param name="arrays">Tokens, tables and the result.</param>
    /// <exception cref="ArgumentException">A length does not fit, or a token or position is out of range; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static void Forward(Engine engine, int hidden, in EmbeddingArrays arrays)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Arrays.OneOf(arrays.Table.Length, arrays.TableBf16.Length, nameof(arrays.Table), nameof(arrays.TableBf16));
        int vocabulary = Arrays.Rows(
            arrays.Table.Length + arrays.TableBf16.Length, hidden, nameof(arrays.Table), nameof(hidden));
        int positions = Arrays.Rows(arrays.PositionTable.Length, hidden, nameof(arrays.PositionTable), nameof(hidden));
        Arrays.Length(arrays.Output.Length, (long)arrays.Tokens.Length * hidden, nameof(arrays.Output));
        Arrays.Length(
            arrays.Positions.Length, arrays.PositionTable.IsEmpty ? 0 : arrays.Tokens.Length, nameof(arrays.Positions));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (int* token = arrays.Tokens, position = arrays.Positions)
        fixed (float* table = arrays.Table, positionTable = arrays.PositionTable, output = arrays.Output)
        fixed (ushort* bits = arrays.TableBf16)
        {
            var args = new px_embedding_args
            {
                struct_size = (uint)sizeof(px_embedding_args),
                rows = arrays.Tokens.Length,
                hidden = hidden,
                vocabulary = vocabulary,
                positions = positions,
                token = token,
                position = position,
                table = table,
                table_bf16 = bits,
                position_table = positionTable,
                @out = output,
            };
            NativeStatus.Check(NativeMethods.px_embedding_f32(lease.Pointer, &args));
        }
    }

    /// <summary>tableGradient[token[n]] += outputGradient[n], for n = 0, 1, ... in this order.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="hidden">H, at least 1.</param>
    /// <param name="tokens">[N], each 0 to V - 1: tokens, or positions for the gradient of their table.</param>
    /// <param name="outputGradient">[N, H].</param>
    /// <param name="tableGradient">[V, H] in/out.</param>
    /// <exception cref="ArgumentException">A length does not fit, or a token is out of range; the text names it.</exception>
    /// <remarks>Deterministic for any thread count.</remarks>
    public static void Backward(
        Engine engine,
        int hidden,
        ReadOnlySpan<int> tokens,
        ReadOnlySpan<float> outputGradient,
        Span<float> tableGradient)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int vocabulary = Arrays.Rows(tableGradient.Length, hidden, nameof(tableGradient), nameof(hidden));
        Arrays.Length(outputGradient.Length, (long)tokens.Length * hidden, nameof(outputGradient));
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        fixed (int* token = tokens)
        fixed (float* gradient = outputGradient, table = tableGradient)
        {
            var args = new px_embedding_backward_args
            {
                struct_size = (uint)sizeof(px_embedding_backward_args),
                rows = tokens.Length,
                hidden = hidden,
                vocabulary = vocabulary,
                token = token,
                d_out = gradient,
                d_table = table,
            };
            NativeStatus.Check(NativeMethods.px_embedding_backward_f32(lease.Pointer, &args));
        }
    }
}
