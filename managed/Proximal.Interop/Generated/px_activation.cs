namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_activation
{
    PX_ACTIVATION_NONE = 0,
    PX_ACTIVATION_GELU = 1,
    PX_ACTIVATION_GELU_ERF = 2,
    PX_ACTIVATION_SILU = 3,
}
