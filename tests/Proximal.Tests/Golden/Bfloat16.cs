namespace Proximal.Tests.Golden;

/// <summary>bf16 by its definition: the upper half of a float32, rounded to nearest even.</summary>
internal static class Bfloat16
{
    private const int DroppedBits = 16;

    public static float Round(float value) => Widen(Narrow(value));

    public static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        uint odd = (bits >> DroppedBits) & 1;
        return (ushort)((bits + 0x7FFF + odd) >> DroppedBits);
    }

    public static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << DroppedBits);
}
