namespace Proximal.Interop;

internal unsafe partial struct px_embedding_backward_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long rows;

    [NativeTypeName("int64_t")]
    public long hidden;

    [NativeTypeName("int64_t")]
    public long vocabulary;

    [NativeTypeName("const int32_t *")]
    public int* token;

    [NativeTypeName("const float *")]
    public float* d_out;

    public float* d_table;
}
