namespace Proximal.Interop;

internal partial struct px_preference_metrics
{
    public double loss;

    [NativeTypeName("int64_t")]
    public long losses;

    [NativeTypeName("int64_t")]
    public long correct;

    [NativeTypeName("int64_t")]
    public long chosen;

    [NativeTypeName("int64_t")]
    public long rejected;

    public double reward_chosen;

    public double reward_rejected;

    public double logprob_chosen;

    public double logprob_rejected;
}
