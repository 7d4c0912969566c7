namespace Proximal.Interop;

internal unsafe partial struct px_layernorm_backward_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long rows;

    [NativeTypeName("int64_t")]
    public long hidden;

    [NativeTypeName("const float *")]
    public float* x;

    [NativeTypeName("const float *")]
    public float* weight;

    [NativeTypeName("const float *")]
    public float* mean;

    [NativeTypeName("const float *")]
    public float* rstd;

    [NativeTypeName("const float *")]
    public float* d_out;

    public float* d_x;

    [NativeTypeName("uint16_t *")]
    public ushort* d_x_bf16;

    public float* d_weight;

    public float* d_bias;

    public void* workspace;

    [NativeTypeName("uint64_t")]
    public ulong workspace_bytes;
}
