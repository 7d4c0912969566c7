namespace Proximal.Interop;

internal partial struct px_value_metrics
{
    public double loss;

    [NativeTypeName("int64_t")]
    public long tokens;

    [NativeTypeName("int64_t")]
    public long clipped;

    public double value;

    public double returns;

    public double returns_squared;

    public double error;

    public double error_squared;
}
