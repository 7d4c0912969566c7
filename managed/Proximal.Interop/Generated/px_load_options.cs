namespace Proximal.Interop;

internal partial struct px_load_options
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;
}
