namespace Proximal.Interop;

internal partial struct px_memory_stats
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("uint64_t")]
    public ulong weight_bytes;

    [NativeTypeName("uint64_t")]
    public ulong gradient_bytes;

    [NativeTypeName("uint64_t")]
    public ulong optimizer_bytes;

    [NativeTypeName("uint64_t")]
    public ulong cache_bytes;

    [NativeTypeName("uint64_t")]
    public ulong peak_resident_bytes;
}
