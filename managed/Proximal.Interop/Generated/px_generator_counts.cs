namespace Proximal.Interop;

internal partial struct px_generator_counts
{
    [NativeTypeName("int64_t")]
    public long steps;

    [NativeTypeName("int64_t")]
    public long drawn_tokens;

    [NativeTypeName("int64_t")]
    public long computed_tokens;

    [NativeTypeName("int64_t")]
    public long shared_tokens;

    [NativeTypeName("int64_t")]
    public long pauses;

    [NativeTypeName("int64_t")]
    public long cache_bytes;
}
