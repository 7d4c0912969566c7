namespace Proximal.Interop;

internal partial struct px_generator_options
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long max_batch;

    [NativeTypeName("uint64_t")]
    public ulong seed;

    [NativeTypeName("int64_t")]
    public long cache_bytes;
}
