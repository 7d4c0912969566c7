namespace Proximal.Interop;

internal unsafe partial struct px_batch
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long sequences;

    [NativeTypeName("const int64_t *")]
    public long* offsets;

    [NativeTypeName("const int32_t *")]
    public int* tokens;

    [NativeTypeName("const int32_t *")]
    public int* positions;

    [NativeTypeName("const int32_t *")]
    public int* adapter;

    [NativeTypeName("const float *")]
    public float* weight;
}
