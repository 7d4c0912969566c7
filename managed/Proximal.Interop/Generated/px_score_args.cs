namespace Proximal.Interop;

internal unsafe partial struct px_score_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    public double temperature;

    public float* logprob;

    public float* entropy;

    public float* value;

    public float* score;

    public float* hidden;
}
