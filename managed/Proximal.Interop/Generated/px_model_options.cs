namespace Proximal.Interop;

internal partial struct px_model_options
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int32_t")]
    public int head;

    [NativeTypeName("int32_t")]
    public int head_init;

    [NativeTypeName("uint64_t")]
    public ulong head_seed;

    [NativeTypeName("int32_t")]
    public int adapter;

    [NativeTypeName("int32_t")]
    public int reserved;
}
