namespace Proximal.Interop;

internal unsafe partial struct px_rope_args
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t")]
    public long rows;

    [NativeTypeName("int64_t")]
    public long heads;

    [NativeTypeName("int64_t")]
    public long kv_heads;

    [NativeTypeName("int64_t")]
    public long head_size;

    [NativeTypeName("int64_t")]
    public long positions;

    [NativeTypeName("const float *")]
    public float* x;

    [NativeTypeName("const int32_t *")]
    public int* position;

    [NativeTypeName("const float *")]
    public float* cos;

    [NativeTypeName("const float *")]
    public float* sin;

    [NativeTypeName("const float *")]
    public float* query_norm;

    [NativeTypeName("const float *")]
    public float* key_norm;

    public double epsilon;

    public float* @out;

    [NativeTypeName("uint16_t *")]
    public ushort* out_bf16;

    public float* rstd;
}
