using Proximal.Internal;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Kernels;

/// <summary>
/// Weights [N, K] in the layout that <see cref="Gemm"/> reads; zeros until they are written. They lie in pinned managed memory:
/// there is nothing to dispose of.
/// </summary>
/// <remarks>Several products may read one instance at a time; <see cref="Write(Engine, ReadOnlySpan{float}, bool)"/> needs it alone.</remarks>
public sealed unsafe class PackedWeights
{
    private const int Alignment = 64;
    private readonly uint[] _words;
    private readonly uint* _aligned;

    /// <summary>Makes room for weights.</summary>
    /// <param name="outputs">N, at least 1.</param>
    /// <param name="inputs">K, at least 1.</param>
    /// <param name="type">Float32 or BFloat16: what the rows to multiply consist of, too.</param>
    /// <exception cref="ArgumentException">A size or the type does not fit; the text names it.</exception>
    public PackedWeights(int outputs, int inputs, TensorType type)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        if (type is not (TensorType.Float32 or TensorType.BFloat16))
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Expected Float32 or BFloat16.");
        }

        Outputs = outputs;
        Inputs = inputs;
        Type = type;
        Bytes = checked((long)NativeMethods.px_gemm_packed_bytes(outputs, inputs, (int)type));
        long words = (Bytes + Alignment) / sizeof(uint);
        if (Bytes == 0 || words > Array.MaxLength)
        {
            throw new ArgumentException(
                $"Expected weights that fit into {Array.MaxLength} words of 4 bytes, got {outputs} x {inputs} of type {type}.", nameof(outputs));
        }

        _words = GC.AllocateArray<uint>((int)words, pinned: true);
        fixed (uint* first = _words)
        {
            // The array does not move: what is aligned now stays so.
            _aligned = (uint*)(((nuint)first + Alignment - 1) / Alignment * Alignment);
        }
    }

    /// <summary>N.</summary>
    public int Outputs { get; }

    /// <summary>K.</summary>
    public int Inputs { get; }

    /// <summary>Type of the weights and of the rows that they multiply.</summary>
    public TensorType Type { get; }

    /// <summary>Bytes of the packed form.</summary>
    public long Bytes { get; }

    /// <summary>Packs weights; into BFloat16 they are rounded to the nearest, ties to even.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="weights">[N, K] row-major, or [K, N].</param>
    /// <param name="transposed">They are [K, N]: what the gradient of the rows is multiplied with.</param>
    /// <exception cref="ArgumentException">The length does not fit.</exception>
    public void Write(Engine engine, ReadOnlySpan<float> weights, bool transposed = false)
    {
        Arrays.Length(weights.Length, (long)Outputs * Inputs, nameof(weights));
        fixed (float* first = weights)
        {
            Write(engine, first, px_dtype.PX_DTYPE_F32, transposed);
        }
    }

    /// <summary>Packs weights in bf16 bits.</summary>
    /// <param name="engine">The engine to compute on.</param>
    /// <param name="weights">[N, K] row-major, or [K, N].</param>
    /// <param name="transposed">They are [K, N]: what the gradient of the rows is multiplied with.</param>
    /// <exception cref="ArgumentException">The length does not fit.</exception>
    /// <exception cref="InvalidOperationException">The packed form is Float32.</exception>
    public void Write(Engine engine, ReadOnlySpan<ushort> weights, bool transposed = false)
    {
        Arrays.Length(weights.Length, (long)Outputs * Inputs, nameof(weights));
        if (Type != TensorType.BFloat16)
        {
            throw new InvalidOperationException("These packed weights are Float32: give weights in float, or pack into BFloat16.");
        }

        fixed (ushort* first = weights)
        {
            Write(engine, first, px_dtype.PX_DTYPE_BF16, transposed);
        }
    }

    /// <summary>The packed form; the caller keeps this object alive.</summary>
    internal void* Pointer => _aligned;

    private void Write(Engine engine, void* weights, px_dtype from, bool transposed)
    {
        ArgumentNullException.ThrowIfNull(engine);
        using HandleLease<px_engine> lease = engine.Handle.Acquire();
        var args = new px_gemm_pack_args
        {
            struct_size = (uint)sizeof(px_gemm_pack_args),
            flags = transposed ? (uint)px_gemm_flags.PX_GEMM_TRANSPOSED : 0,
            from = (int)from,
            dtype = (int)Type,
            outputs = Outputs,
            inputs = Inputs,
            w = weights,
            packed = _aligned,
            packed_bytes = (ulong)Bytes,
        };
        NativeStatus.Check(NativeMethods.px_gemm_pack(lease.Pointer, &args));
        GC.KeepAlive(_words);
    }
}
