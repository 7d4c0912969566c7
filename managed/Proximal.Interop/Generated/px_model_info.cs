namespace Proximal.Interop;

internal partial struct px_model_info
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long vocabulary;

    [NativeTypeName("int64_t")]
    public long hidden;

    [NativeTypeName("int64_t")]
    public long layers;

    [NativeTypeName("int64_t")]
    public long heads;

    [NativeTypeName("int64_t")]
    public long kv_heads;

    [NativeTypeName("int64_t")]
    public long head_size;

    [NativeTypeName("int64_t")]
    public long intermediate;

    [NativeTypeName("int64_t")]
    public long context;

    [NativeTypeName("int64_t")]
    public long parameters;

    [NativeTypeName("int32_t")]
    public int head;

    [NativeTypeName("int32_t")]
    public int tied;

    [NativeTypeName("int32_t")]
    public int storage_dtype;

    [NativeTypeName("int32_t")]
    public int tensors;
}
