namespace Proximal.Interop;

internal unsafe partial struct px_policy_loss_args
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
    public float* old_logprob;

    [NativeTypeName("const float *")]
    public float* ref_logprob;

    [NativeTypeName("const float *")]
    public float* advantage;

    [NativeTypeName("const float *")]
    public float* weight;

    public double normalizer;

    public double clip_low;

    public double clip_high;

    public double dual_clip;

    public double kl_coefficient;

    [NativeTypeName("int32_t")]
    public int kl_estimator;

    [NativeTypeName("int32_t")]
    public int reserved;

    public float* loss;

    public float* gradient;
}
