namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_finish_reason
{
    PX_FINISH_NONE = 0,
    PX_FINISH_STOP = 1,
    PX_FINISH_LENGTH = 2,
    PX_FINISH_CANCELLED = 3,
    PX_FINISH_ERROR = 4,
}
