namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_whiten_flags
{
    PX_WHITEN_KEEP_MEAN = 1,
    PX_WHITEN_BIASED = 2,
}
