using NUnit.Framework;
using Proximal.Evaluation;

namespace Proximal.Tests.Evaluation;

public sealed class StatisticsTests
{
    /// <summary>Solutions of (p - share)^2 = z^2 p (1 - p) / n, found by bisection.</summary>
    [TestCase(8, 10, 0.4901624715366417, 0.9433178485456248)]
    [TestCase(0, 10, 0, 0.27753279986288926)]
    [TestCase(10, 10, 0.7224672001371109, 1)]
    [TestCase(37.5, 60, 0.4984854492301839, 0.7364715877342938)]
    [TestCase(1, 1, 0.2065493143772374, 1)]
    public void Wilson_solves_the_score_equation(double successes, int trials, double low, double high)
    {
        var interval = WilsonInterval.Of(successes, trials);
        Assert.That((interval.Low, interval.High), Is.EqualTo((low, high)).Using<(double, double)>((a, b) =>
            Math.Abs(a.Item1 - b.Item1) < 1e-12 && Math.Abs(a.Item2 - b.Item2) < 1e-12));
    }

    [Test]
    public void Wilson_refuses_what_is_no_share()
    {
        Assert.That(() => WilsonInterval.Of(0, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => WilsonInterval.Of(2, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => WilsonInterval.Of(-1, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    /// <summary>The default of NumPy: place 0.25 · 3 = 0.75 between 1 and 2.</summary>
    [TestCase(0.25, 1.75)]
    [TestCase(0.5, 2.5)]
    [TestCase(0, 1)]
    [TestCase(1, 10)]
    public void Quantiles_are_linear_between_neighbours(double share, double expected) =>
        Assert.That(Bootstrap.Quantile([1, 2, 3, 10], share), Is.EqualTo(expected));

    /// <summary>Of two prompts a draw has mean 0, 1/2 or 1, so the interval is all of [0, 1].</summary>
    [Test]
    public void Of_two_prompts_the_interval_is_everything() =>
        Assert.That(Bootstrap.Mean([0, 1]), Is.EqualTo(new Estimate(0.5, 0, 1)));

    [Test]
    public void Of_one_prompt_or_equal_prompts_the_interval_is_a_point()
    {
        Assert.That(Bootstrap.Mean([3.5]), Is.EqualTo(new Estimate(3.5, 3.5, 3.5)));
        Assert.That(Bootstrap.Mean([2, 2, 2, 2]), Is.EqualTo(new Estimate(2, 2, 2)));
    }

    /// <summary>For many prompts the bootstrap is the normal interval with the biased variance: here 0.5 ± 1.96 sqrt(1/4 / 400).</summary>
    [Test]
    public void Of_many_prompts_the_interval_is_the_normal_one()
    {
        Estimate estimate = Bootstrap.Mean([.. Enumerable.Range(0, 400).Select(i => (double)(i % 2))], resamples: 20_000);
        double half = 1.96 * Math.Sqrt(0.25 / 400);
        Assert.Multiple(() =>
        {
            Assert.That(estimate.Value, Is.EqualTo(0.5));
            Assert.That(estimate.Low, Is.EqualTo(0.5 - half).Within(0.05 * half));
            Assert.That(estimate.High, Is.EqualTo(0.5 + half).Within(0.05 * half));
        });
    }

    /// <summary>A 95 % interval holds the truth in about 95 of 100 cases: normal numbers of Box and Muller from a fixed stream.</summary>
    [Test]
    public void The_interval_holds_the_truth_as_often_as_it_says()
    {
        var random = new Proximal.Internal.RandomStream(5, 0);
        int holds = 0;
        for (int trial = 0; trial < 300; trial++)
        {
            double[] values = new double[60];
            for (int i = 0; i < values.Length; i++)
            {
                double u = (random.NextUInt64() >> 11) / 9007199254740992.0;
                double v = (random.NextUInt64() >> 11) / 9007199254740992.0;
                values[i] = 7 + Math.Sqrt(-2 * Math.Log(1 - u)) * Math.Cos(2 * Math.PI * v);
            }

            Estimate estimate = Bootstrap.Mean(values, resamples: 400, seed: (ulong)trial);
            holds += estimate.Low <= 7 && 7 <= estimate.High ? 1 : 0;
        }

        Assert.That(holds, Is.InRange(270, 297));
    }

    [Test]
    public void The_same_seed_gives_the_same_interval_and_another_seed_another()
    {
        double[] values = [1, 4, 2, 8, 5, 7, 1, 9];
        var once = Bootstrap.Mean(values, seed: 3);
        Assert.That(Bootstrap.Mean(values, seed: 3), Is.EqualTo(once));
        Assert.That(Bootstrap.Mean(values, seed: 4), Is.Not.EqualTo(once));
    }

    [Test]
    public void Draws_without_a_statistic_do_not_count()
    {
        Estimate estimate = Bootstrap.Of(2, draw => draw[0] == draw[1] ? double.NaN : 5);
        Assert.That(estimate, Is.EqualTo(new Estimate(5, 5, 5)));
    }

    [Test]
    public void A_tie_is_half_a_win()
    {
        double[] outcomes = [WinRate.Outcome(2, 1), WinRate.Outcome(1, 1), WinRate.Outcome(0, 1), WinRate.Outcome(3, 1)];
        Assert.That(outcomes, Is.EqualTo(new[] { 1, 0.5, 0, 1 }));
        Assert.That(WinRate.Of(outcomes), Is.EqualTo(0.625));
    }

    /// <summary>
    /// Two groups of ten, longer and shorter by the same: the fit meets both shares, 0.8 and 0.5, so
    /// a = (ln 4 + ln 1) / 2 = ln 2 and the rate at equal lengths is 2/3.
    /// </summary>
    [Test]
    public void Length_control_gives_the_rate_at_equal_lengths()
    {
        double[] outcomes = [.. Enumerable.Repeat(1.0, 8), .. Enumerable.Repeat(0.0, 2), .. Enumerable.Repeat(1.0, 5), .. Enumerable.Repeat(0.0, 5)];
        double[] lengths = [.. Enumerable.Repeat(7.0, 10), .. Enumerable.Repeat(-7.0, 10)];
        var fit = LengthControl.Fit(outcomes, lengths);
        Assert.Multiple(() =>
        {
            Assert.That(fit.WinRate, Is.EqualTo(2.0 / 3).Within(1e-5));
            Assert.That(fit.Intercept, Is.EqualTo(Math.Log(2)).Within(1e-4));
            Assert.That(fit.Slope, Is.GreaterThan(0), "longer responses win more");
            Assert.That(WinRate.Of(outcomes), Is.EqualTo(0.65));
        });
    }

    /// <summary>Values of 400,000 steps of plain gradient ascent on the same likelihood.</summary>
    [Test]
    public void Length_control_is_the_maximum_of_its_likelihood()
    {
        var fit = LengthControl.Fit([1, 1, 0, 1, 0.5, 0, 1, 1, 0, 1], [12, 30, -5, 4, 0, -20, 8, -3, 6, 15]);
        Assert.Multiple(() =>
        {
            Assert.That(fit.Intercept, Is.EqualTo(0.18003046276540755).Within(1e-6));
            Assert.That(fit.Slope, Is.EqualTo(3.014077163935115).Within(1e-6));
            Assert.That(fit.WinRate, Is.EqualTo(0.5448864466990915).Within(1e-7));
        });
    }

    [Test]
    public void Where_lengths_are_equal_length_control_is_the_plain_rate()
    {
        double[] outcomes = [1, 0, 1, 1, 0.5];
        Assert.That(LengthControl.Fit(outcomes, [0, 0, 0, 0, 0]).WinRate, Is.EqualTo(0.7).Within(1e-9));
        Assert.That(LengthControl.Fit(outcomes, [4, 4, 4, 4, 4]).WinRate, Is.EqualTo(0.7).Within(1e-6), "a constant explains nothing");
    }

    [Test]
    public void Length_control_survives_outcomes_that_length_or_nothing_explains()
    {
        Assert.Multiple(() =>
        {
            Assert.That(LengthControl.Fit([1, 1, 1], [1, 2, 3]).WinRate, Is.GreaterThan(0.999));
            Assert.That(LengthControl.Fit([0, 0], [0, 0]).WinRate, Is.LessThan(0.001));
            Assert.That(LengthControl.Fit([1, 1, 0, 0], [5, 9, -5, -9]).WinRate, Is.EqualTo(0.5).Within(1e-6), "all of it is length");
            Assert.That(LengthControl.Fit([0.5], [3]).WinRate, Is.EqualTo(0.5).Within(1e-9));
        });
        Assert.That(() => LengthControl.Fit([1], []), Throws.ArgumentException);
    }
}
