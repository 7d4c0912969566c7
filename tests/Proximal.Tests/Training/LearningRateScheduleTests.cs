using NUnit.Framework;
using Proximal.Training;

namespace Proximal.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Test]
    public void With_a_warm_up_the_first_update_is_not_a_no_op()
    {
        var schedule = new LinearSchedule(10, 2);
        Assert.That(schedule.Lambda(0), Is.Zero);
        Assert.That(schedule.Factor(0), Is.EqualTo(0.5));
        Assert.That(schedule.Factor(1), Is.EqualTo(1));
        Assert.That(schedule.Factor(5), Is.EqualTo(0.5));
    }

    [Test]
    public void Without_a_warm_up_the_first_update_has_the_full_rate() =>
        Assert.That(new LinearSchedule(10).Factor(0), Is.EqualTo(1));

    [TestCase(0.03, 100, 3)]
    [TestCase(0.03, 101, 4)]
    [TestCase(0.07, 100, 7)]
    [TestCase(0, 100, 0)]
    [TestCase(1, 100, 100)]
    [TestCase(0.5, 1, 1)]
    public void Warm_up_steps_are_rounded_up(double fraction, long total, long expected) =>
        Assert.That(LearningRateSchedule.WarmupStepsOf(fraction, total), Is.EqualTo(expected));

    [Test]
    public void Shapes_at_their_middle_and_end()
    {
        Assert.That(new ConstantSchedule(10, 2).Lambda(9), Is.EqualTo(1));
        Assert.That(new CosineSchedule(10).Lambda(5), Is.EqualTo(0.5).Within(1e-12));
        Assert.That(new CosineSchedule(10, 0, 0.1).Lambda(10), Is.EqualTo(0.1).Within(1e-12));
        Assert.That(new InverseSqrtSchedule(100, 4).Lambda(16), Is.EqualTo(0.5).Within(1e-12));
        Assert.That(new PolynomialSchedule(10, 0, 2, 0.2).Lambda(5), Is.EqualTo(0.4).Within(1e-12));
        Assert.That(new PolynomialSchedule(10, 0, 2, 0.2).Lambda(11), Is.EqualTo(0.2));
        var wsd = new WarmupStableDecaySchedule(10, 2, 4);
        Assert.That(wsd.Lambda(5), Is.EqualTo(1));
        Assert.That(wsd.Lambda(8), Is.EqualTo(0.5).Within(1e-12));
        Assert.That(wsd.Lambda(10), Is.Zero);
    }

    [Test]
    public void Lengths_that_do_not_fit_are_refused()
    {
        Assert.That(() => new LinearSchedule(3, 4), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new LinearSchedule(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => new WarmupStableDecaySchedule(10, 5, 11), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new LinearSchedule(3).Lambda(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
