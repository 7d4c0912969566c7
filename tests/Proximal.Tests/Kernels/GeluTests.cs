using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class GeluTests : KernelFixture
{
    private static readonly double Scale = Math.Sqrt(2 / Math.PI);
    private static readonly float[] X = RandomFloats(501, 1, -4, 4);
    private static readonly float[] OutputGradient = RandomFloats(501, 2, -1, 1);

    // Abramowitz and Stegun, table 7.1: erf(x) beside x.
    private static readonly double[] Points = [0, 0.5, 1, 1.5, 2];
    private static readonly double[] Erf = [0, 0.5204998778, 0.8427007929, 0.9661051465, 0.9953222650];

    [Test]
    public void The_tanh_form_and_its_slope_equal_the_formula_in_double()
    {
        float[] output = new float[X.Length];
        ushort[] bits = new ushort[X.Length];
        Gelu.Forward(Engine, X, output, bits);
        AssertClose(output, [.. X.Select(x => x / 2 * (1 + Tanh(x)))], 1e-6);
        Assert.That(bits, Is.EqualTo(output.Select(Bf16)));
        Gelu.Backward(Engine, X, OutputGradient, output);
        AssertClose(
            output,
            [.. X.Select((x, i) => OutputGradient[i]
                * (((1 + Tanh(x)) / 2) + (x / 2 * (1 - (Tanh(x) * Tanh(x))) * Scale * (1 + (0.134145 * x * x)))))],
            1e-6);
    }

    [Test]
    public void The_exact_form_goes_through_the_values_of_the_table()
    {
        float[] x = Floats(Points.Concat(Points.Select(point => -point)).Select(point => point * Math.Sqrt(2)));
        float[] output = new float[x.Length];
        Gelu.Forward(Engine, x, output, exact: true);
        AssertClose(output, [.. x.Select((value, i) => value / 2 * (1 + (i < 5 ? Erf[i] : -Erf[i - 5])))], 1e-6);
    }

    [Test]
    public void The_exact_slope_is_that_of_the_exact_form()
    {
        float[] above = new float[X.Length];
        float[] below = new float[X.Length];
        float[] slope = new float[X.Length];
        Gelu.Forward(Engine, Floats(X.Select(x => x + (1.0 / 64))), above, exact: true);
        Gelu.Forward(Engine, Floats(X.Select(x => x - (1.0 / 64))), below, exact: true);
        Gelu.Backward(Engine, X, Enumerable.Repeat(1f, X.Length).ToArray(), slope, exact: true);
        AssertClose(slope, [.. above.Select((value, i) => ((double)value - below[i]) * 32)], 1e-4);
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        Assert.That(() => Gelu.Forward(Engine, X, new float[1]), Refuses("output"));
        Assert.That(() => Gelu.Forward(Engine, X, default), Refuses("output"));
        Assert.That(() => Gelu.Forward(Engine, X, new float[X.Length], new ushort[1]), Refuses("outputBf16"));
        Assert.That(() => Gelu.Backward(Engine, X, [1], new float[X.Length]), Refuses("outputGradient"));
        Assert.That(() => Gelu.Backward(Engine, X, OutputGradient, default), Refuses("inputGradient"));
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] output = new float[X.Length];
        Assert.That(AllocatedBy(() => Gelu.Forward(Engine, X, output)), Is.Zero);
    }

    private static double Tanh(double x) => Math.Tanh(Scale * (x + (0.044715 * x * x * x)));
}
