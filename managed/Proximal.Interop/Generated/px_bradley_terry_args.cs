namespace Proximal.Interop;

internal unsafe partial struct px_bradley_terry_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long count;

    [NativeTypeName("const float *")]
    public float* chosen;

    [NativeTypeName("const float *")]
    public float* rejected;

    [NativeTypeName("const float *")]
    public float* margin;

    public double center_coefficient;

    public double normalizer;

    public float* loss;

    public float* gradient_chosen;

    public float* gradient_rejected;
}
