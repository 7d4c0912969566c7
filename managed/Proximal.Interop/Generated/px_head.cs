namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_head
{
    PX_HEAD_FROM_FILE = 0,
    PX_HEAD_LM = 1,
    PX_HEAD_SCALAR = 2,
}
