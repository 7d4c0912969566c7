namespace Proximal.Interop;

internal partial struct px_group_metrics
{
    [NativeTypeName("int64_t")]
    public long rows;

    [NativeTypeName("int64_t")]
    public long groups;

    [NativeTypeName("int64_t")]
    public long flat;

    [NativeTypeName("int64_t")]
    public long lone;

    public double score;

    public double deviation;
}
