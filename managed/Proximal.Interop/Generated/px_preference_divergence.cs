namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_preference_divergence
{
    PX_PREFERENCE_REVERSE_KL = 1,
    PX_PREFERENCE_FORWARD_KL = 2,
    PX_PREFERENCE_JENSEN_SHANNON = 3,
    PX_PREFERENCE_ALPHA = 4,
}
