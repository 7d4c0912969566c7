namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_gemm_flags
{
    PX_GEMM_TRANSPOSED = 1,
}
