namespace Proximal.Interop;

internal unsafe partial struct px_rope_backward_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long rows;

    [NativeTypeName("int64_t")]
    public long heads;

    [NativeTypeName("int64_t")]
    public long kv_heads;

    [NativeTypeName("int64_t")]
    public long head_size;

    [NativeTypeName("int64_t")]
    public long positions;

    [NativeTypeName("const float *")]
    public float* d_out;

    [NativeTypeName("const int32_t *")]
    public int* position;

    [NativeTypeName("const float *")]
    public float* cos;

    [NativeTypeName("const float *")]
    public float* sin;

    [NativeTypeName("const float *")]
    public float* query_norm;

    [NativeTypeName("const float *")]
    public float* key_norm;

    [NativeTypeName("const float *")]
    public float* x;

    [NativeTypeName("const float *")]
    public float* rstd;

    public float* d_x;

    [NativeTypeName("uint16_t *")]
    public ushort* d_x_bf16;

    public float* d_query_norm;

    public float* d_key_norm;

    public void* workspace;

    [NativeTypeName("uint64_t")]
    public ulong workspace_bytes;
}
