namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_status
{
    PX_OK = 0,
    PX_INVALID_ARGUMENT = 1,
    PX_SHAPE_MISMATCH = 2,
    PX_UNSUPPORTED = 3,
    PX_OUT_OF_MEMORY = 4,
    PX_DEVICE_OUT_OF_MEMORY = 5,
    PX_DEVICE_ERROR = 6,
    PX_CANCELLED = 7,
    PX_INVALID_STATE = 8,
    PX_NOT_FINITE = 9,
    PX_IO = 10,
    PX_CORRUPT_DATA = 11,
    PX_INTERNAL = 12,
    PX_ABI_MISMATCH = 13,
}
