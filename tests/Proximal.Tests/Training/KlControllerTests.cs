using NUnit.Framework;
using Proximal.Training;

namespace Proximal.Tests.Training;

public sealed class KlControllerTests
{
    [TestCase(9, 0.200512)]
    [TestCase(3, 0.199488)]
    [TestCase(6, 0.2)]
    public void Adaptive_moves_beta_towards_the_target(double kl, double expected)
    {
        var controller = new AdaptiveKlController(0.2);
        controller.Update(kl, 128);
        Assert.That(controller.Coefficient, Is.EqualTo(expected).Within(1e-12));
    }

    [Test]
    public void Fixed_stays()
    {
        var controller = new FixedKlController(0.05);
        controller.Update(100, 64);
        Assert.That(controller.Coefficient, Is.EqualTo(0.05));
    }

    [Test]
    public void Numbers_without_meaning_are_refused()
    {
        Assert.That(() => new AdaptiveKlController(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new FixedKlController(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => new AdaptiveKlController(1).Update(double.NaN, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
