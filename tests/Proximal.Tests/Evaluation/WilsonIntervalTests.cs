using NUnit.Framework;
using Proximal.Evaluation;

namespace Proximal.Tests.Evaluation;

public sealed class WilsonIntervalTests
{
    // Newcombe 1998, table I: the score method without continuity correction.
    [TestCase(81, 263, 0.2553, 0.3662)]
    [TestCase(15, 148, 0.0624, 0.1605)]
    [TestCase(0, 20, 0.0000, 0.1611)]
    [TestCase(1, 29, 0.0061, 0.1718)]
    public void Published_intervals(int successes, int trials, double low, double high)
    {
        WilsonInterval interval = WilsonInterval.Of(successes, trials);
        Assert.Multiple(() =>
        {
            Assert.That(interval.Low, Is.EqualTo(low).Within(5e-5));
            Assert.That(interval.High, Is.EqualTo(high).Within(5e-5));
        });
    }

    [TestCase(0, 0)]
    [TestCase(-1, 3)]
    [TestCase(4, 3)]
    public void Impossible_counts_are_refused(int successes, int trials) =>
        Assert.That(() => WilsonInterval.Of(successes, trials), Throws.TypeOf<ArgumentOutOfRangeException>());
}
