namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_gelu_flags
{
    PX_GELU_ERF = 1,
}
