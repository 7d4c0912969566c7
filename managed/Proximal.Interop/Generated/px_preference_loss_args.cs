namespace Proximal.Interop;

internal unsafe partial struct px_preference_loss_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long sequences;

    [NativeTypeName("const int64_t *")]
    public long* offsets;

    [NativeTypeName("const float *")]
    public float* logprob;

    [NativeTypeName("const float *")]
    public float* ref_logprob;

    [NativeTypeName("const float *")]
    public float* weight;

    [NativeTypeName("const uint8_t *")]
    public byte* desirable;

    [NativeTypeName("int32_t")]
    public int form;

    [NativeTypeName("int32_t")]
    public int divergence;

    public double beta;

    public double label_smoothing;

    public double margin;

    public double reference_point;

    public double alpha;

    public double tau;

    public double desirable_weight;

    public double undesirable_weight;

    public double normalizer;

    public float* loss;

    public float* reward;

    public float* gradient;
}
