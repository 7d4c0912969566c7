namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_head_init
{
    PX_HEAD_INIT_FROM_FILE = 0,
    PX_HEAD_INIT_ZERO = 1,
    PX_HEAD_INIT_NORMAL = 2,
}
