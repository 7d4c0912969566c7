namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_handle_kind
{
    PX_HANDLE_ENGINE = 0,
    PX_HANDLE_WEIGHTS = 1,
    PX_HANDLE_MODEL = 2,
    PX_HANDLE_TRAINER = 3,
    PX_HANDLE_GENERATOR = 4,
}
