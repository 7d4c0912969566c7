namespace Proximal.Interop;

internal unsafe partial struct px_gemm_pack_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int32_t")]
    public int from;

    [NativeTypeName("int32_t")]
    public int dtype;

    [NativeTypeName("int64_t")]
    public long outputs;

    [NativeTypeName("int64_t")]
    public long inputs;

    [NativeTypeName("const void *")]
    public void* w;

    public void* packed;

    [NativeTypeName("uint64_t")]
    public ulong packed_bytes;
}
