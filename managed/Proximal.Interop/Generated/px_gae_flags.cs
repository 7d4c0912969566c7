namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_gae_flags
{
    PX_GAE_ONE_STEP_RETURNS = 1,
}
