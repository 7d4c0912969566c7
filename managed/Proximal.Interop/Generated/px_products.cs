namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_products : uint
{
    PX_PRODUCTS_DEFAULT = 0,
    PX_PRODUCTS_F32 = 1,
    PX_PRODUCTS_BF16 = 2,
}
