using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class KlTests : KernelFixture
{
    [Test]
    public void Estimates_of_the_worked_example()
    {
        AssertClose(Estimate(KlEstimator.K1), [-.2, .2, -.3, .1, .4, .2, -.4, .05], 1e-6);
        AssertClose(
            Estimate(KlEstimator.K3), [.021403, .018731, .049859, .004837, .070320, .018731, .091825, .001229], 1e-6);
    }

    [TestCase(KlEstimator.K1)]
    [TestCase(KlEstimator.K2)]
    [TestCase(KlEstimator.K3)]
    public void Estimates_and_gradients_are_those_of_the_definition(KlEstimator estimator)
    {
        float[] logProbs = RandomFloats(101, 1, -3, 0);
        float[] reference = RandomFloats(101, 2, -3, 0);
        float[] values = new float[101];
        float[] gradients = new float[101];
        Kl.Estimate(Engine, logProbs, reference, estimator, values, gradients, valueClamp: double.PositiveInfinity);
        double[] d = [.. logProbs.Zip(reference, (x, y) => (double)x - y)];
        AssertClose(values, [.. d.Select(x => Definition(estimator, x))], 1e-6);
        AssertClose(
            gradients,
            [.. d.Select(x => (Definition(estimator, x + 1e-5) - Definition(estimator, x - 1e-5)) / 2e-5)],
            1e-6);
    }

    [Test]
    public void K3_is_never_negative()
    {
        float[] logProbs = [.. Enumerable.Range(0, 10000).Select(i => (i % 2 == 0 ? 1f : -1f) * MathF.Pow(10, -15 + (i / 700f)))];
        float[] values = new float[logProbs.Length];
        Kl.Estimate(Engine, logProbs, new float[logProbs.Length], KlEstimator.K3, values);
        Assert.That(values.Min(), Is.GreaterThanOrEqualTo(0));
        Assert.That(values.Max(), Is.GreaterThan(0));
    }

    [Test]
    public void Clamps_hold_unless_switched_off()
    {
        float[] values = new float[1];
        float[] gradients = new float[1];
        Kl.Estimate(Engine, [30], [0], KlEstimator.K1, values, gradients);
        Assert.That((values[0], gradients[0]), Is.EqualTo((10f, 0f)));
        Kl.Estimate(
            Engine, [30], [0], KlEstimator.K1, values, gradients, double.PositiveInfinity, double.PositiveInfinity);
        Assert.That((values[0], gradients[0]), Is.EqualTo((30f, 1f)));
    }

    [Test]
    public void Arguments_that_do_not_fit_are_named()
    {
        float[] one = new float[1];
        Assert.That(
            () => Kl.Estimate(Engine, one, new float[2], KlEstimator.K1, one),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("referenceLogProbs"));
        Assert.That(
            () => Kl.Estimate(Engine, one, one, (KlEstimator)9, one), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Kl.Estimate(Engine, one, one, KlEstimator.K1, one, logRatioClamp: 0),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Kl.Estimate(null!, one, one, KlEstimator.K1, one), Throws.ArgumentNullException);
    }

    [Test]
    public void A_call_allocates_nothing()
    {
        float[] values = new float[8];
        Assert.That(
            AllocatedBy(() => Kl.Estimate(Engine, LogProbs, ReferenceLogProbs, KlEstimator.K3, values)), Is.Zero);
    }

    private static double Definition(KlEstimator estimator, double d) => estimator switch
    {
        KlEstimator.K1 => d,
        KlEstimator.K2 => d * d / 2,
        _ => Math.Exp(-d) - 1 + d,
    };

    private float[] Estimate(KlEstimator estimator)
    {
        float[] values = new float[8];
        Kl.Estimate(Engine, LogProbs, ReferenceLogProbs, estimator, values);
        return values;
    }
}
