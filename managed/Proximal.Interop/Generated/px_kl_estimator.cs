namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_kl_estimator
{
    PX_KL_K1 = 1,
    PX_KL_K2 = 2,
    PX_KL_K3 = 3,
}
