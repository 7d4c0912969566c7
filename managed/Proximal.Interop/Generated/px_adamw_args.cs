namespace Proximal.Interop;

internal unsafe partial struct px_adamw_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long count;

    public float* parameter;

    [NativeTypeName("const float *")]
    public float* gradient;

    public float* exp_avg;

    public float* exp_avg_sq;

    [NativeTypeName("uint16_t *")]
    public ushort* shadow;

    [NativeTypeName("int64_t")]
    public long step;

    public double learning_rate;

    public double beta1;

    public double beta2;

    public double epsilon;

    public double weight_decay;

    public double gradient_scale;
}
