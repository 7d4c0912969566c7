namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_layernorm_flags
{
    PX_LAYERNORM_ADD = 1,
}
