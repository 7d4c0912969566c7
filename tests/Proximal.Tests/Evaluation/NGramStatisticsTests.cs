using NUnit.Framework;
using Proximal.Evaluation;

namespace Proximal.Tests.Evaluation;

public sealed class NGramStatisticsTests
{
    [Test]
    public void Distinct_counts_over_the_corpus_and_never_across_sequences() => Assert.Multiple(() =>
    {
        Assert.That(NGramStatistics.Distinct([[1, 2, 3], [1, 2]], 2), Is.EqualTo(2 / 3.0));
        Assert.That(NGramStatistics.Distinct([[1, 1], [1, 1]], 1), Is.EqualTo(0.25));
        Assert.That(NGramStatistics.Distinct([[1, 2], [3, 4]], 2), Is.EqualTo(1));
        Assert.That(NGramStatistics.Distinct([[1], []], 2), Is.NaN);
    });

    [Test]
    public void Repetition_is_0_for_what_is_shorter_than_n() => Assert.Multiple(() =>
    {
        Assert.That(NGramStatistics.Repetition([1], 2), Is.Zero);
        Assert.That(NGramStatistics.Repetition([1, 2, 1, 2, 1], 2), Is.EqualTo(0.5));
        Assert.That(NGramStatistics.MeanRepetition([[1], [1, 1, 1]], 1), Is.EqualTo(1 / 3.0).Within(1e-15));
    });

    [Test]
    public void An_n_below_1_is_refused() =>
        Assert.That(() => NGramStatistics.Distinct([[1]], 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
