namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_sample_flags
{
    PX_SAMPLE_GREEDY = 1,
}
