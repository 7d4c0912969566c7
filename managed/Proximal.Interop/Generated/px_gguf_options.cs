namespace Proximal.Interop;

internal unsafe partial struct px_gguf_options
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int32_t")]
    public int type;

    [NativeTypeName("int32_t")]
    public int reserved;

    [NativeTypeName("const uint8_t *")]
    public byte* metadata;

    [NativeTypeName("int64_t")]
    public long metadata_bytes;

    [NativeTypeName("int64_t")]
    public long metadata_count;
}
