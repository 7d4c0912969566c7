namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_rmsnorm_flags
{
    PX_RMSNORM_ADD = 1,
}
