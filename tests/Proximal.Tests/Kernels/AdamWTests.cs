using NUnit.Framework;
using Proximal.Kernels;
using Proximal.Training;

namespace Proximal.Tests.Kernels;

public sealed class AdamWTests : KernelFixture
{
    [Test]
    public void Ten_steps_equal_the_update_in_double()
    {
        var options = new AdamWOptions { WeightDecay = 0.1 };
        float[] parameters = RandomFloats(13, 1, -1, 1);
        float[] first = new float[13];
        float[] second = new float[13];
        double[] p = [.. parameters];
        double[] m = new double[13];
        double[] v = new double[13];
        for (int step = 1; step <= 10; step++)
        {
            float[] gradients = RandomFloats(13, 10 + step, -1, 1);
            AdamW.Step(Engine, Arrays(parameters, gradients, first, second), step, 0.01, options, 0.5);
            for (int i = 0; i < 13; i++)
            {
                double g = 0.5 * gradients[i];
                p[i] -= 0.01 * 0.1 * p[i];
                m[i] = (0.9 * m[i]) + (0.1 * g);
                v[i] = (0.95 * v[i]) + (0.05 * g * g);
                p[i] -= 0.01 * (m[i] / (1 - Math.Pow(0.9, step)))
                    / (Math.Sqrt(v[i] / (1 - Math.Pow(0.95, step))) + 1e-5);
            }

            AssertClose(parameters, p, 1e-6);
        }
    }

    [Test]
    public void Clipping_scales_a_large_norm_to_the_largest()
    {
        double norm = Math.Sqrt(AdamW.SquaredNorm(Engine, [3, 4]));
        Assert.That(norm, Is.EqualTo(5));
        Assert.That(AdamW.ClipCoefficient(norm, 1), Is.EqualTo(1 / (5 + 1e-6)));
        Assert.That(AdamW.ClipCoefficient(norm, 10), Is.EqualTo(1));
        Assert.That(AdamW.ClipCoefficient(norm, double.PositiveInfinity), Is.EqualTo(1));
    }

    [Test]
    public void A_gradient_that_is_not_finite_changes_nothing()
    {
        float[] parameters = [1, 2];
        float[] moments = [0, 0];
        Assert.That(
            () => AdamW.Step(Engine, Arrays(parameters, [1, float.NaN], moments, moments), 1, 1, new AdamWOptions()),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("gradient[1]"));
        Assert.That(parameters, Is.EqualTo(new float[] { 1, 2 }));
        Assert.That(moments, Is.EqualTo(new float[] { 0, 0 }));
    }

    [Test]
    public void Shadow_is_rounded_to_bf16()
    {
        ushort[] shadow = new ushort[2];
        var arrays = new AdamWArrays
        {
            Parameters = new float[] { 1.00390625f, -2 },
            Gradients = new float[2],
            FirstMoments = new float[2],
            SecondMoments = new float[2],
            Shadow = shadow,
        };
        AdamW.Step(Engine, arrays, 1, 0.1, new AdamWOptions());
        Assert.That(shadow, Is.EqualTo(new ushort[] { 0x3f80, 0xc000 }));
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        float[] one = new float[1];
        Assert.That(
            () => AdamW.Step(Engine, Arrays(one, new float[2], one, one), 1, 1, new AdamWOptions()),
            Throws.ArgumentException);
        Assert.That(
            () => AdamW.Step(Engine, Arrays(one, one, one, one), 0, 1, new AdamWOptions()),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_step_allocates_nothing()
    {
        float[] x = new float[4];
        float[] m = new float[4];
        float[] v = new float[4];
        var options = new AdamWOptions();
        Assert.That(AllocatedBy(() => AdamW.Step(Engine, Arrays(x, m, m, v), 1, 0.1, options)), Is.Zero);
    }

    private static AdamWArrays Arrays(float[] parameters, float[] gradients, float[] first, float[] second) => new()
    {
        Parameters = parameters,
        Gradients = gradients,
        FirstMoments = first,
        SecondMoments = second,
    };
}
