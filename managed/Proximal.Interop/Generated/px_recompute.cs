namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_recompute
{
    PX_RECOMPUTE_NONE = 1,
    PX_RECOMPUTE_ATTENTION_MLP = 2,
    PX_RECOMPUTE_BLOCK = 3,
}
