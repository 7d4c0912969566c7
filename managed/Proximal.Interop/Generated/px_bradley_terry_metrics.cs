namespace Proximal.Interop;

internal partial struct px_bradley_terry_metrics
{
    public double loss;

    [NativeTypeName("int64_t")]
    public long pairs;

    [NativeTypeName("int64_t")]
    public long correct;

    public double margin;

    public double score;
}
