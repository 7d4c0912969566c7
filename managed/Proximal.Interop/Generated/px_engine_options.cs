namespace Proximal.Interop;

internal unsafe partial struct px_engine_options
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int32_t")]
    public int backend;

    [NativeTypeName("int32_t")]
    public int device;

    [NativeTypeName("int32_t")]
    public int threads;

    [NativeTypeName("int32_t")]
    public int products;

    [NativeTypeName("px_log_sink")]
    public delegate* unmanaged[Cdecl]<void*, int, sbyte*, void> log;

    public void* log_context;
}
