namespace Proximal.Interop;

internal unsafe partial struct px_layernorm_args
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
    public float* delta;

    [NativeTypeName("const float *")]
    public float* weight;

    [NativeTypeName("const float *")]
    public float* bias;

    public double epsilon;

    public float* sum;

    public float* @out;

    [NativeTypeName("uint16_t *")]
    public ushort* out_bf16;

    public float* mean;

    public float* rstd;
}
