namespace Proximal.Interop;

internal unsafe partial struct px_gae_args
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
    public float* reward;

    [NativeTypeName("const float *")]
    public float* value;

    [NativeTypeName("const uint8_t *")]
    public byte* mask;

    public double gamma;

    public double lambda;

    public float* advantage;

    public float* returns;
}
