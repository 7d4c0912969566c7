namespace Proximal.Interop;

internal unsafe partial struct px_load_options
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("const char *")]
    public sbyte* @base;
}
