namespace Proximal.Interop;

internal unsafe partial struct px_kl_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long count;

    [NativeTypeName("const float *")]
    public float* logprob;

    [NativeTypeName("const float *")]
    public float* ref_logprob;

    [NativeTypeName("int32_t")]
    public int estimator;

    [NativeTypeName("int32_t")]
    public int reserved;

    public double log_ratio_clamp;

    public double value_clamp;

    public float* value;

    public float* gradient;
}
