namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_gguf_type : uint
{
    PX_GGUF_F32 = 0,
    PX_GGUF_F16 = 1,
    PX_GGUF_Q8_0 = 8,
    PX_GGUF_BF16 = 30,
}
