namespace Proximal.Interop;

internal unsafe partial struct px_gemm_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int32_t")]
    public int dtype;

    [NativeTypeName("int32_t")]
    public int activation;

    [NativeTypeName("int64_t")]
    public long rows;

    [NativeTypeName("int64_t")]
    public long outputs;

    [NativeTypeName("int64_t")]
    public long inputs;

    [NativeTypeName("const void *")]
    public void* x;

    [NativeTypeName("const void *")]
    public void* packed;

    [NativeTypeName("uint64_t")]
    public ulong packed_bytes;

    [NativeTypeName("const float *")]
    public float* bias;

    [NativeTypeName("const float *")]
    public float* residual;

    public float* @out;

    [NativeTypeName("uint16_t *")]
    public ushort* out_bf16;
}
