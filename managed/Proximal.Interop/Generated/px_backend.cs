namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_backend
{
    PX_BACKEND_DEFAULT = 0,
    PX_BACKEND_CORE = 1,
    PX_BACKEND_TORCH = 2,
}
