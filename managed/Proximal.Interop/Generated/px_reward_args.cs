namespace Proximal.Interop;

internal unsafe partial struct px_reward_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long sequences;

    [NativeTypeName("const int64_t *")]
    public long* offsets;

    [NativeTypeName("const uint8_t *")]
    public byte* mask;

    [NativeTypeName("const float *")]
    public float* logprob;

    [NativeTypeName("const float *")]
    public float* ref_logprob;

    [NativeTypeName("const float *")]
    public float* score;

    [NativeTypeName("const float *")]
    public float* token_reward;

    [NativeTypeName("int32_t")]
    public int kl_estimator;

    [NativeTypeName("int32_t")]
    public int reserved;

    public double beta;

    public double reward_clip;

    public float* kl;

    public float* reward;
}
