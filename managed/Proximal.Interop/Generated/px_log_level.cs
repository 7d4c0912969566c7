namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_log_level
{
    PX_LOG_DEBUG = 0,
    PX_LOG_INFO = 1,
    PX_LOG_WARNING = 2,
    PX_LOG_ERROR = 3,
}
