namespace Proximal.Interop;

internal unsafe partial struct px_group_advantage_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long groups;

    [NativeTypeName("const int64_t *")]
    public long* offsets;

    [NativeTypeName("const float *")]
    public float* score;

    [NativeTypeName("const uint8_t *")]
    public byte* mask;

    [NativeTypeName("const float *")]
    public float* weight;

    [NativeTypeName("int32_t")]
    public int baseline;

    [NativeTypeName("int32_t")]
    public int scale;

    public double epsilon;

    public double deviation;

    public float* advantage;
}
