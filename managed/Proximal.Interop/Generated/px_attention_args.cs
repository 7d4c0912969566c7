namespace Proximal.Interop;

internal unsafe partial struct px_attention_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long sequences;

    [NativeTypeName("const int64_t *")]
    public long* offsets;

    [NativeTypeName("int64_t")]
    public long heads;

    [NativeTypeName("int64_t")]
    public long kv_heads;

    [NativeTypeName("int64_t")]
    public long head_size;

    [NativeTypeName("int64_t")]
    public long window;

    public double scale;

    [NativeTypeName("int32_t")]
    public int dtype;

    [NativeTypeName("int32_t")]
    public int reserved;

    [NativeTypeName("const float *")]
    public float* qkv;

    public float* @out;

    [NativeTypeName("uint16_t *")]
    public ushort* out_bf16;

    public float* lse;

    public void* workspace;

    [NativeTypeName("uint64_t")]
    public ulong workspace_bytes;
}
