namespace Proximal.Interop;

internal unsafe partial struct px_gelu_backward_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long count;

    [NativeTypeName("const float *")]
    public float* x;

    [NativeTypeName("const float *")]
    public float* d_out;

    public float* d_x;

    [NativeTypeName("uint16_t *")]
    public ushort* d_x_bf16;

    [NativeTypeName("const uint16_t *")]
    public ushort* x_bf16;
}
