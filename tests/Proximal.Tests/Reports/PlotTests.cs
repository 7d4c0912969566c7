using NUnit.Framework;
using Proximal.Reports;

namespace Proximal.Tests.Reports;

public sealed class PlotTests
{
    [Test]
    public void A_thinned_curve_keeps_every_peak_and_its_order()
    {
        var curve = new Curve("x", [.. Enumerable.Range(0, 10_000).Select(i => ((double)i, i is 1234 or 7777 ? 5.0 : i % 3 == 0 ? -1.0 : 0.0))]);
        Curve thin = curve.Thin(100);
        Assert.Multiple(() =>
        {
            Assert.That(thin.Points, Has.Count.LessThanOrEqualTo(100));
            Assert.That(thin.Points, Does.Contain((1234.0, 5.0)).And.Contain((7777.0, 5.0)));
            Assert.That(thin.Points.Select(point => point.X), Is.Ordered.Ascending);
            Assert.That(curve.Thin(10_000), Is.SameAs(curve));
        });
    }

    /// <summary>Span 3 has share 1/2: 4, then (4 + 0) / 2, then (2 + 8) / 2.</summary>
    [Test]
    public void Smoothing_is_the_exponential_moving_average()
    {
        var curve = new Curve("x", [(1, 4), (2, 0), (3, 8)]);
        Assert.That(curve.Smooth(3).Points, Is.EqualTo(new[] { (1.0, 4.0), (2.0, 2.0), (3.0, 5.0) }));
    }

    [TestCase(0.0, 10.0, "0 2 4 6 8 10")]
    [TestCase(-1.0, 1.0, "-1.0 -0.5 0.0 0.5 1.0")]
    [TestCase(0.00011, 0.00029, "1.5e-4 2e-4 2.5e-4")]
    [TestCase(5.0, 5.0, "3 4 5 6 7")]
    [TestCase(0.0, 0.0, "-1.0 -0.5 0.0 0.5 1.0")]
    public void Ticks_are_round_and_told_apart(double low, double high, string labels)
    {
        var axis = PlotAxis.Over([low, high], margin: 0, whole: false);
        Assert.That(string.Join(' ', axis.Ticks.Select(axis.Label)), Is.EqualTo(labels));
    }

    [TestCase(-1e308, 1e308)]
    [TestCase(1e-300, 2e-300)]
    [TestCase(1e15, 1e15 + 1)]
    [TestCase(-5.0, 123456789.0)]
    public void Strange_ranges_end_in_a_few_ticks(double low, double high)
    {
        var axis = PlotAxis.Over([low, high], margin: 0.04, whole: false);
        Assert.That(axis.Ticks.Take(50).Count(), Is.LessThan(12));
        string svg = LinePlot.Draw("t", [new Curve("x", [(0, low), (1, high)])]);
        Assert.That(svg, Does.Not.Contain("NaN").And.Not.Contain("∞"));
    }

    [Test]
    public void Whole_axes_have_no_half_steps()
    {
        var axis = PlotAxis.Over([1.0, 3.0], margin: 0, whole: true);
        Assert.That(axis.Ticks, Is.EqualTo(new[] { 1.0, 2.0, 3.0 }));
    }

    [Test]
    public void A_plot_of_nothing_is_an_empty_frame() => Assert.That(LinePlot.Draw("t", []), Does.StartWith("<svg").And.EndWith("</svg>"));

    [TestCase("objective/scores", 1)]
    [TestCase("validation/reward_mean", 1)]
    [TestCase("validation/reward_std", 0)]
    [TestCase("reward/length", 1)]
    [TestCase("objective/kl", 0)]
    [TestCase("policy/clipfrac", 0)]
    [TestCase("train/loss", -1)]
    [TestCase("rollout/distinct_2", 1)]
    [TestCase("rollout/length_mean", 0)]
    [TestCase("time/total_s", -1)]
    [TestCase("time/rollout_tokens_per_s", 1)]
    [TestCase("time/gflop_per_s", 1)]
    [TestCase("time/utilization", 1)]
    [TestCase("lr/actor", 0)]
    public void It_is_known_which_way_a_metric_is_better(string metric, int direction) => Assert.That(MetricTable.Direction(metric), Is.EqualTo(direction));

    [TestCase(0.0, "0")]
    [TestCase(double.NaN, "–")]
    [TestCase(1234567.0, "1.23e+6")]
    [TestCase(0.1234567, "0.1235")]
    [TestCase(-0.00004, "-4e-5")]
    [TestCase(12.3456, "12.35")]
    public void Figures_are_short(double value, string text) => Assert.That(Figures.Short(value), Is.EqualTo(text));
}
