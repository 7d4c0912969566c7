using NUnit.Framework;
using Proximal.Data.Checking;

namespace Proximal.Tests.Data.Checking;

/// <summary>Quantiles and ranges against values counted by hand.</summary>
public sealed class LengthCountsTests
{
    [Test]
    public void Quantiles_are_lengths_that_occur()
    {
        LengthSummary summary = Of(Enumerable.Range(1, 20))!;
        Assert.Multiple(() =>
        {
            Assert.That((summary.Count, summary.Minimum, summary.Maximum, summary.Mean), Is.EqualTo((20L, 1, 20, 10.5)));
            Assert.That((summary.Quantile5, summary.Quantile25, summary.Median, summary.Quantile75, summary.Quantile95), Is.EqualTo((1, 5, 10, 15, 19)));
        });
    }

    [Test]
    public void Ranges_double()
    {
        LengthSummary summary = Of([0, 1, 2, 3, 3, 9])!;
        Assert.That(
            summary.Histogram.Select(bin => (bin.From, bin.To, bin.Count)),
            Is.EqualTo(new[] { (0, 0, 1L), (1, 1, 1L), (2, 3, 3L), (4, 7, 0L), (8, 15, 1L) }));
    }

    [Test]
    public void The_longest_lengths_have_a_range() =>
        Assert.That(Of([int.MaxValue])!.Histogram.Select(bin => (bin.From, bin.To)), Is.EqualTo(new[] { (1 << 30, int.MaxValue) }));

    [Test]
    public void No_texts_have_no_summary() => Assert.That(Of([]), Is.Null);

    private static LengthSummary? Of(IEnumerable<int> lengths)
    {
        var counts = new LengthCounts();
        foreach (int length in lengths)
        {
            counts.Add(length);
        }

        return counts.Summary();
    }
}
