namespace Proximal.Interop;

internal unsafe partial struct px_objective
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int32_t")]
    public int kind;

    [NativeTypeName("int32_t")]
    public int kl_estimator;

    public double normalizer;

    public double temperature;

    [NativeTypeName("const float *")]
    public float* old_logprob;

    [NativeTypeName("const float *")]
    public float* ref_logprob;

    [NativeTypeName("const float *")]
    public float* advantage;

    [NativeTypeName("const float *")]
    public float* old_value;

    [NativeTypeName("const float *")]
    public float* returns;

    [NativeTypeName("const float *")]
    public float* margin;

    [NativeTypeName("const float *")]
    public float* upstream_logprob;

    [NativeTypeName("const float *")]
    public float* upstream_entropy;

    [NativeTypeName("const float *")]
    public float* upstream_value;

    [NativeTypeName("const float *")]
    public float* upstream_score;

    public double clip_low;

    public double clip_high;

    public double dual_clip;

    public double kl_coefficient;

    public double entropy_coefficient;

    public double value_clip;

    public double center_coefficient;

    public float* logprob;

    public float* entropy;

    public float* value;

    public float* score;
}
