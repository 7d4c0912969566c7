using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class CastTests : KernelFixture
{
    [Test]
    public void Floats_round_to_the_nearest_and_ties_to_even()
    {
        float[] x = [1, 1.00390625f, 1.01171875f, -2, float.PositiveInfinity, float.MaxValue, float.NaN, 1e-40f];
        ushort[] bits = new ushort[x.Length];
        Cast.ToBf16(Engine, x, bits);
        Assert.That(bits[..6], Is.EqualTo(new ushort[] { 0x3f80, 0x3f80, 0x3f82, 0xc000, 0x7f80, 0x7f80 }));
        Assert.That(BitConverter.UInt32BitsToSingle((uint)bits[6] << 16), Is.NaN);
        Assert.That(bits[7], Is.EqualTo(1), "a subnormal number is kept");
    }

    [Test]
    public void Many_floats_go_there_and_back()
    {
        float[] x = RandomFloats(20011, 1, -1e6, 1e6);
        ushort[] bits = new ushort[x.Length];
        float[] back = new float[x.Length];
        Cast.ToBf16(Engine, x, bits);
        Assert.That(bits, Is.EqualTo(x.Select(Bf16)));
        Cast.ToSingle(Engine, bits, back);
        Assert.That(back, Is.EqualTo(bits.Select(value => BitConverter.UInt32BitsToSingle((uint)value << 16))));
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        Assert.That(() => Cast.ToBf16(Engine, [1, 2], new ushort[1]), Refuses("output"));
        Assert.That(() => Cast.ToSingle(Engine, [1, 2], new float[1]), Refuses("output"));
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] x = new float[10];
        ushort[] bits = new ushort[10];
        Assert.That(AllocatedBy(() => Cast.ToBf16(Engine, x, bits)), Is.Zero);
    }
}
