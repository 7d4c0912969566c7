namespace Proximal.Interop;

internal partial struct px_step_result
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    public double gradient_norm;

    public double clip_coefficient;

    [NativeTypeName("int64_t")]
    public long step;

    [NativeTypeName("int64_t")]
    public long version;
}
