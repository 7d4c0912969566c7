namespace Proximal.Interop;

internal unsafe partial struct px_embedding_args
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

    [NativeTypeName("int64_t")]
    public long positions;

    [NativeTypeName("const int32_t *")]
    public int* token;

    [NativeTypeName("const int32_t *")]
    public int* position;

    [NativeTypeName("const float *")]
    public float* table;

    [NativeTypeName("const uint16_t *")]
    public ushort* table_bf16;

    [NativeTypeName("const float *")]
    public float* position_table;

    public float* @out;
}
