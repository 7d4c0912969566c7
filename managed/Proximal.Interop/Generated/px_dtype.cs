namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_dtype
{
    PX_DTYPE_F32 = 0,
    PX_DTYPE_BF16 = 1,
    PX_DTYPE_F16 = 2,
}
