namespace Proximal.Interop;

internal partial struct px_save_options
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int32_t")]
    public int dtype;

    [NativeTypeName("int32_t")]
    public int reserved;

    [NativeTypeName("uint64_t")]
    public ulong shard_bytes;
}
