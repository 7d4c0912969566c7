namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_generate_flags
{
    PX_GENERATE_GREEDY = 1,
}
