using System.Runtime.InteropServices;
using Proximal.Interop;
using Proximal.Models;

namespace Proximal.Internal;

/// <summary>A batch as the native side reads it, its arrays held in place until disposed.</summary>
internal unsafe ref struct PinnedBatch(PackedBatch batch)
{
    private PinnedGCHandle<int[]> _tokens = new(batch.Tokens);
    private PinnedGCHandle<long[]> _offsets = new(batch.Offsets);
    private PinnedGCHandle<float[]?> _weights = new(batch.Weights);
    private PinnedGCHandle<int[]?> _positions = new(batch.Positions);

    /// <summary>The native form, valid while this is not disposed.</summary>
    public readonly px_batch Native => new()
    {
        struct_size = (uint)sizeof(px_batch),
        sequences = batch.Sequences,
        offsets = _offsets.GetAddressOfArrayData(),
        tokens = _tokens.GetAddressOfArrayData(),
        positions = batch.Positions is null ? null : _positions.GetAddressOfArrayData(),
        weight = batch.Weights is null ? null : _weights.GetAddressOfArrayData(),
    };

    public void Dispose()
    {
        _tokens.Dispose();
        _offsets.Dispose();
        _weights.Dispose();
        _positions.Dispose();
    }
}
