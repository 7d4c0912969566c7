namespace Proximal.Interop;

internal unsafe partial struct px_swiglu_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long rows;

    [NativeTypeName("int64_t")]
    public long features;

    [NativeTypeName("const float *")]
    public float* gate_up;

    public float* @out;

    [NativeTypeName("uint16_t *")]
    public ushort* out_bf16;

    [NativeTypeName("const uint16_t *")]
    public ushort* gate_up_bf16;
}
