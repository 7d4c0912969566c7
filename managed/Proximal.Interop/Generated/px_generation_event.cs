namespace Proximal.Interop;

internal partial struct px_generation_event
{
    [NativeTypeName("uint64_t")]
    public ulong sample_id;

    [NativeTypeName("int32_t")]
    public int token;

    [NativeTypeName("int32_t")]
    public int finish_reason;

    public float logprob;

    public float entropy;

    [NativeTypeName("int32_t")]
    public int index;

    [NativeTypeName("int32_t")]
    public int reserved;
}
