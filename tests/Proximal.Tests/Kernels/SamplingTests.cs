using NUnit.Framework;
using Proximal.Kernels;
using Proximal.Rollouts;

namespace Proximal.Tests.Kernels;

public sealed class SamplingTests : KernelFixture
{
    // Probabilities 0.5, 0.25, 0.125, 0.125.
    private static readonly float[] Logits = [MathF.Log(4), MathF.Log(2), 0, 0];

    [Test]
    public void Philox_gives_its_published_numbers()
    {
        uint[] output = new uint[4];
        Sampling.Philox4x32(
            [0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], output);
        Assert.That(output, Is.EqualTo(new uint[] { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 }));
    }

    [Test]
    public void Draws_are_the_inverse_of_the_cumulative_distribution()
    {
        float[] logits = RandomFloats(53, 1, -3, 3);
        double total = logits.Sum(z => Math.Exp(z / 0.8));
        uint[] output = new uint[4];
        for (ulong index = 0; index < 100; index++)
        {
            Sampling.Philox4x32([5, 0], [(uint)index, 0, 9, 0], output);
            double goal = ((((ulong)output[1] << 32) | output[0]) >> 11) * Math.Pow(2, -53) * total;
            int expected = 0;
            for (double sum = Math.Exp(logits[0] / 0.8); sum <= goal; sum += Math.Exp(logits[expected] / 0.8))
            {
                expected++;
            }

            int token = Sampling.Sample(
                Engine, logits, new SamplingOptions { Temperature = 0.8 }, 5, 9, index, out float logProb);
            Assert.That(token, Is.EqualTo(expected));
            Assert.That(logProb, Is.EqualTo((logits[token] / 0.8) - Math.Log(total)).Within(1e-5));
        }
    }

    [TestCase(2, 1, 0, 2)]
    [TestCase(3, 1, 0, 4)]
    [TestCase(0, 0.6, 0, 2)]
    [TestCase(2, 0.6, 0, 1)]
    [TestCase(0, 1, 0.3, 2)]
    [TestCase(0, 1, 0, 4)]
    public void Filters_leave_a_distribution_over_what_they_keep(int topK, double topP, double minP, int kept)
    {
        float[] logProbs = new float[4];
        Sampling.Distribution(
            Engine, Logits, new SamplingOptions { TopK = topK, TopP = topP, MinP = minP }, logProbs);
        Assert.That(logProbs.Count(float.IsFinite), Is.EqualTo(kept));
        Assert.That(logProbs.Sum(l => Math.Exp(l)), Is.EqualTo(1).Within(1e-6));
    }

    [Test]
    public void Temperature_zero_takes_the_most_probable()
    {
        int token = Sampling.Sample(
            Engine, [1, 3, 2, 3], new SamplingOptions { Temperature = 0 }, 1, 2, 3, out float logProb);
        Assert.That(token, Is.EqualTo(1));
        Assert.That(logProb, Is.EqualTo(-Math.Log(2 + Math.Exp(-1) + Math.Exp(-2))).Within(1e-6));
    }

    [Test]
    public void What_cannot_be_drawn_from_is_refused()
    {
        Assert.That(
            () => Sampling.Sample(Engine, [0, float.NaN], new SamplingOptions(), 0, 0, 0, out _),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("logits[1]"));
        Assert.That(
            () => Sampling.Sample(Engine, [], new SamplingOptions(), 0, 0, 0, out _), Throws.ArgumentException);
        Assert.That(
            () => Sampling.Sample(Engine, Logits, new SamplingOptions { TopK = -1 }, 0, 0, 0, out _),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_draw_allocates_nothing_with_and_without_filters()
    {
        foreach (SamplingOptions options in new[] { new SamplingOptions(), new() { TopK = 2, TopP = 0.9, MinP = 0.1 } })
        {
            Assert.That(AllocatedBy(() => Sampling.Sample(Engine, Logits, options, 0, 0, 0, out _)), Is.Zero);
        }
    }
}
