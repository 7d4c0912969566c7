using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class SwiGluTests : KernelFixture
{
    private const int Features = 37;
    private static readonly float[] GateUp = RandomFloats(3 * 2 * Features, 1, -6, 6);
    private static readonly float[] OutputGradient = RandomFloats(3 * Features, 2, -1, 1);

    [Test]
    public void Gated_rows_and_their_gradients_equal_the_formula_in_double()
    {
        float[] output = new float[3 * Features];
        ushort[] bits = new ushort[output.Length];
        SwiGlu.Forward(Engine, Features, GateUp, output, bits);
        float[] gradient = new float[GateUp.Length];
        ushort[] gradientBits = new ushort[GateUp.Length];
        SwiGlu.Backward(Engine, Features, GateUp, OutputGradient, gradient, gradientBits);
        double[] expected = new double[output.Length];
        double[] expectedGradient = new double[GateUp.Length];
        for (int i = 0; i < output.Length; i++)
        {
            int at = (i / Features * 2 * Features) + (i % Features);
            double gate = GateUp[at];
            double up = GateUp[at + Features];
            double s = 1 / (1 + Math.Exp(-gate));
            expected[i] = gate * s * up;
            expectedGradient[at] = OutputGradient[i] * up * s * (1 + (gate * (1 - s)));
            expectedGradient[at + Features] = OutputGradient[i] * gate * s;
        }

        AssertClose(output, expected, 1e-6);
        AssertClose(gradient, expectedGradient, 1e-6);
        Assert.That(bits, Is.EqualTo(output.Select(Bf16)));
        Assert.That(gradientBits, Is.EqualTo(gradient.Select(Bf16)));
    }

    [Test]
    public void Bits_of_bf16_stand_for_floats()
    {
        ushort[] bits = GateUp.Select(Bf16).ToArray();
        float[] floats = bits.Select(b => BitConverter.UInt32BitsToSingle((uint)b << 16)).ToArray();
        float[] output = new float[3 * Features];
        float[] expected = new float[output.Length];
        SwiGlu.Forward(Engine, Features, default, output, gateUpBf16: bits);
        SwiGlu.Forward(Engine, Features, floats, expected);
        Assert.That(output, Is.EqualTo(expected));
        float[] gradient = new float[GateUp.Length];
        float[] expectedGradient = new float[GateUp.Length];
        SwiGlu.Backward(Engine, Features, default, OutputGradient, gradient, gateUpBf16: bits);
        SwiGlu.Backward(Engine, Features, floats, OutputGradient, expectedGradient);
        Assert.That(gradient, Is.EqualTo(expectedGradient));
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        float[] output = new float[3 * Features];
        Assert.That(() => SwiGlu.Forward(Engine, Features, GateUp, output, gateUpBf16: new ushort[GateUp.Length]), Refuses("gateUp"));
        Assert.That(() => SwiGlu.Forward(Engine, 0, GateUp, output), Refuses("features"));
        Assert.That(() => SwiGlu.Forward(Engine, Features - 1, GateUp, output), Refuses("gateUp"));
        Assert.That(() => SwiGlu.Forward(Engine, Features, GateUp, new float[1]), Refuses("output"));
        Assert.That(() => SwiGlu.Forward(Engine, Features, GateUp, default), Refuses("output"));
        Assert.That(() => SwiGlu.Backward(Engine, Features, GateUp, [1], new float[GateUp.Length]), Refuses("outputGradient"));
        Assert.That(() => SwiGlu.Backward(Engine, Features, GateUp, OutputGradient, default), Refuses("gateUpGradient"));
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] output = new float[3 * Features];
        Assert.That(AllocatedBy(() => SwiGlu.Forward(Engine, Features, GateUp, output)), Is.Zero);
    }
}
