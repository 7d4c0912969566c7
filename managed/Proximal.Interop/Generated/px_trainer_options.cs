namespace Proximal.Interop;

internal partial struct px_trainer_options
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    public double beta1;

    public double beta2;

    public double epsilon;

    public double weight_decay;

    public double max_gradient_norm;

    [NativeTypeName("int32_t")]
    public int recompute;

    [NativeTypeName("int32_t")]
    public int reserved;
}
