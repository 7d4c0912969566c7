namespace Proximal.Interop;

internal unsafe partial struct px_value_loss_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long count;

    [NativeTypeName("const float *")]
    public float* value;

    [NativeTypeName("const float *")]
    public float* old_value;

    [NativeTypeName("const float *")]
    public float* returns;

    [NativeTypeName("const float *")]
    public float* weight;

    public double normalizer;

    public double clip;

    public float* loss;

    public float* gradient;
}
