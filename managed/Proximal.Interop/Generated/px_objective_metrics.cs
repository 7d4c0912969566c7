namespace Proximal.Interop;

internal partial struct px_objective_metrics
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    public double loss;

    public double entropy;

    public double weight;

    [NativeTypeName("int64_t")]
    public long tokens;

    public px_policy_metrics policy;

    public px_value_metrics value;

    public px_bradley_terry_metrics bradley_terry;
}
