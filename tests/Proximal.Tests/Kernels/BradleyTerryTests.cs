using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class BradleyTerryTests : KernelFixture
{
    [Test]
    public void Known_losses()
    {
        float[] losses = new float[4];
        BradleyTerryMetrics metrics =
            BradleyTerry.Compute(Engine, [0, .8f, -.8f, .8f], new float[4], [0, 0, 0, .5f], 4, losses);
        AssertClose(losses, [.693147, .371101, 1.171101, .554355], 1e-6);
        Assert.That((metrics.Pairs, metrics.Correct), Is.EqualTo((4L, 2L)));
    }

    [Test]
    public void Gradients_are_the_derivatives()
    {
        float[] chosen = RandomFloats(7, 1, -2, 2);
        float[] rejected = RandomFloats(7, 2, -2, 2);
        float[] chosenGradients = new float[7];
        float[] rejectedGradients = new float[7];
        BradleyTerry.Compute(
            Engine, chosen, rejected, default, 7, default, chosenGradients, rejectedGradients, centerCoefficient: 0.1);
        AssertClose(chosenGradients, [.. Enumerable.Range(0, 7).Select(i => Slope(i, 1, 0))], 1e-6);
        AssertClose(rejectedGradients, [.. Enumerable.Range(0, 7).Select(i => Slope(i, 0, 1))], 1e-6);

        double Slope(int i, double c, double r) =>
            (Loss(chosen[i] + (c * 1e-5), rejected[i] + (r * 1e-5))
                - Loss(chosen[i] - (c * 1e-5), rejected[i] - (r * 1e-5))) / 2e-5 / 7;

        static double Loss(double c, double r) => Math.Log(1 + Math.Exp(r - c)) + (0.1 * (c + r) * (c + r));
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        Assert.That(() => BradleyTerry.Compute(Engine, [1], [1, 2], default, 1), Throws.ArgumentException);
        Assert.That(
            () => BradleyTerry.Compute(Engine, [float.NaN], [1], default, 1),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("chosen[0]"));
    }

    [Test]
    public void A_call_allocates_nothing() =>
        Assert.That(AllocatedBy(() => BradleyTerry.Compute(Engine, Scores, Scores, default, 2)), Is.Zero);
}
