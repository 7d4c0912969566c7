namespace Proximal.Interop;

internal partial struct px_step_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    public double learning_rate;
}
