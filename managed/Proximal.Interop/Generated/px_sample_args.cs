namespace Proximal.Interop;

internal unsafe partial struct px_sample_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long vocabulary;

    [NativeTypeName("const float *")]
    public float* logits;

    public double temperature;

    [NativeTypeName("int64_t")]
    public long top_k;

    public double top_p;

    public double min_p;

    [NativeTypeName("uint64_t")]
    public ulong seed;

    [NativeTypeName("uint64_t")]
    public ulong sample_id;

    [NativeTypeName("uint64_t")]
    public ulong index;
}
