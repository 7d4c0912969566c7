namespace Proximal.Interop;

internal unsafe partial struct px_head_kl_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int32_t")]
    public int dtype;

    [NativeTypeName("int32_t")]
    public int reserved;

    [NativeTypeName("int64_t")]
    public long rows;

    [NativeTypeName("int64_t")]
    public long vocabulary;

    [NativeTypeName("int64_t")]
    public long hidden_size;

    [NativeTypeName("int64_t")]
    public long ref_hidden_size;

    public double temperature;

    [NativeTypeName("const void *")]
    public void* hidden;

    [NativeTypeName("const void *")]
    public void* ref_hidden;

    [NativeTypeName("const void *")]
    public void* head;

    [NativeTypeName("uint64_t")]
    public ulong head_bytes;

    [NativeTypeName("const void *")]
    public void* ref_head;

    [NativeTypeName("uint64_t")]
    public ulong ref_head_bytes;

    public float* kl;

    [NativeTypeName("const float *")]
    public float* upstream;

    [NativeTypeName("const void *")]
    public void* head_transposed;

    [NativeTypeName("uint64_t")]
    public ulong head_transposed_bytes;

    public float* d_hidden;

    public float* d_head;

    public void* workspace;

    [NativeTypeName("uint64_t")]
    public ulong workspace_bytes;
}
