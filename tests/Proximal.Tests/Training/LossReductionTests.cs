using NUnit.Framework;
using Proximal.Training;

namespace Proximal.Tests.Training;

public sealed class LossReductionTests
{
    // Three tokens of which two count; none that counts; four that count.
    private static readonly long[] Offsets = [0, 3, 5, 9];
    private static readonly byte[] Mask = [1, 0, 1, 0, 0, 1, 1, 1, 1];
    private static readonly double[] Losses = [1, 100, 2, 100, 100, 3, 4, 5, 6];

    private static IEnumerable<TestCaseData> Reductions()
    {
        yield return new TestCaseData(LossReduction.TokenMean, 21.0 / 6);
        yield return new TestCaseData(LossReduction.SequenceMeanOfTokenMean, (1.5 + 4.5) / 2);
        yield return new TestCaseData(LossReduction.SequenceMeanOfTokenSum, 21.0 / 2);
        yield return new TestCaseData(LossReduction.FixedLength(8), 21.0 / 2 / 8);
    }

    [TestCaseSource(nameof(Reductions))]
    public void Weights_and_normalizer_give_the_reduction(LossReduction reduction, double expected)
    {
        float[] weights = new float[9];
        double normalizer = reduction.Weigh(Offsets, Mask, weights);
        double sum = weights.Zip(Losses, (weight, loss) => weight * loss).Sum();
        Assert.That(sum / normalizer, Is.EqualTo(expected).Within(1e-6));
        Assert.That(weights.Where((_, i) => Mask[i] == 0), Is.All.Zero);
    }

    [TestCaseSource(nameof(Reductions))]
    public void A_step_without_response_tokens_is_an_error(LossReduction reduction, double ignored) =>
        Assert.That(
            () => reduction.Weigh([0, 2], [0, 0], new float[2]),
            Throws.ArgumentException.With.Message.Contains("no response token"));

    [Test]
    public void Lengths_are_checked()
    {
        Assert.That(() => LossReduction.TokenMean.Weigh([0, 2], [1], new float[2]), Throws.ArgumentException);
        Assert.That(() => LossReduction.FixedLength(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
