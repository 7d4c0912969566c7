using System.Runtime.CompilerServices;

namespace Proximal.Interop;

internal partial struct px_tensor_info
{
    [NativeTypeName("uint32_t")]
    public uint struct_size;

    [NativeTypeName("uint32_t")]
    public uint flags;

    [NativeTypeName("int64_t[4]")]
    public _shape_e__FixedBuffer shape;

    [NativeTypeName("int64_t")]
    public long elements;

    [NativeTypeName("int32_t")]
    public int dimensions;

    [NativeTypeName("int32_t")]
    public int name_bytes;

    [NativeTypeName("char[256]")]
    public _name_e__FixedBuffer name;

    [InlineArray(4)]
    public partial struct _shape_e__FixedBuffer
    {
        public long e0;
    }

    [InlineArray(256)]
    public partial struct _name_e__FixedBuffer
    {
        public sbyte e0;
    }
}
