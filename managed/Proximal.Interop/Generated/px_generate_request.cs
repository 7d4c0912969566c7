namespace Proximal.Interop;

internal unsafe partial struct px_generate_request
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("uint64_t")]
    public ulong sample_id;

    [NativeTypeName("const int32_t *")]
    public int* prompt;

    [NativeTypeName("int64_t")]
    public long prompt_count;

    [NativeTypeName("int64_t")]
    public long max_new_tokens;

    public double temperature;

    [NativeTypeName("int64_t")]
    public long top_k;

    public double top_p;

    public double min_p;

    [NativeTypeName("const int32_t *")]
    public int* stop_tokens;

    [NativeTypeName("int64_t")]
    public long stop_count;
}
