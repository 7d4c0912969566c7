namespace Proximal.Interop;

internal partial struct px_policy_metrics
{
    public double loss;

    public double kl_loss;

    [NativeTypeName("int64_t")]
    public long tokens;

    [NativeTypeName("int64_t")]
    public long clipped;

    [NativeTypeName("int64_t")]
    public long clipped_low;

    [NativeTypeName("int64_t")]
    public long clipped_high;

    [NativeTypeName("int64_t")]
    public long dual_clipped;

    public double approx_kl;

    public double approx_kl_k1;

    public double approx_kl_k3;

    public double ratio;

    public double ratio_squared;

    public double ratio_min;

    public double ratio_max;
}
