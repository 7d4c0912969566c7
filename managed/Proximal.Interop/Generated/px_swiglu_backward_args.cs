namespace Proximal.Interop;

internal unsafe partial struct px_swiglu_backward_args
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

    [NativeTypeName("const float *")]
    public float* d_out;

    public float* d_gate_up;

    [NativeTypeName("uint16_t *")]
    public ushort* d_gate_up_bf16;

    [NativeTypeName("const uint16_t *")]
    public ushort* gate_up_bf16;
}
