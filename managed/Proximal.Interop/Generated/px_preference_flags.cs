namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_preference_flags
{
    PX_PREFERENCE_MEAN = 1,
}
