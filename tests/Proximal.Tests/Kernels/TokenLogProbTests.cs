using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class TokenLogProbTests : KernelFixture
{
    private const double Temperature = 0.7;
    private static readonly int[] Targets = [3, 0];

    [Test]
    public void Log_probs_and_entropies_are_those_of_softmax()
    {
        float[] logits = RandomFloats(22, 1, -4, 4);
        float[] logProbs = new float[2];
        float[] entropies = new float[2];
        TokenLogProb.Compute(Engine, logits, Targets, 11, Temperature, logProbs, entropies);
        AssertClose(logProbs, [LogProb(logits, 0), LogProb(logits, 1)], 1e-6);
        AssertClose(entropies, [Entropy(logits, 0), Entropy(logits, 1)], 1e-6);
    }

    [Test]
    public void Gradients_are_the_derivatives()
    {
        float[] logits = RandomFloats(22, 1, -4, 4);
        float[] gradients = new float[22];
        TokenLogProb.Backward(Engine, logits, Targets, 11, Temperature, [2, -1], [0.5f, 3], gradients);
        double[] expected = new double[22];
        for (int i = 0; i < 22; i++)
        {
            expected[i] = (Objective(i, 1 / 1024f) - Objective(i, -1 / 1024f)) / (2 / 1024.0);
        }

        AssertClose(gradients, expected, 1e-5);

        double Objective(int i, float step)
        {
            float[] moved = [.. logits];
            moved[i] += step;
            return (2 * LogProb(moved, 0)) - LogProb(moved, 1) + (0.5 * Entropy(moved, 0)) + (3 * Entropy(moved, 1));
        }
    }

    [Test]
    public void A_target_outside_the_vocabulary_is_named() =>
        Assert.That(
            () => TokenLogProb.Compute(Engine, new float[3], [3], 3, 1, new float[1]),
            Throws.ArgumentException.With.Message.Contains("target[0]"));

    [Test]
    public void A_call_allocates_nothing()
    {
        float[] logits = new float[22];
        float[] logProbs = new float[2];
        Assert.That(
            AllocatedBy(() => TokenLogProb.Compute(Engine, logits, Targets, 11, 1, logProbs)), Is.Zero);
    }

    private static double[] Softmax(float[] logits, int row)
    {
        double[] exp = [.. logits.Skip(11 * row).Take(11).Select(z => Math.Exp(z / Temperature))];
        return [.. exp.Select(e => e / exp.Sum())];
    }

    private static double LogProb(float[] logits, int row) => Math.Log(Softmax(logits, row)[Targets[row]]);

    private static double Entropy(float[] logits, int row) => -Softmax(logits, row).Sum(p => p * Math.Log(p));
}
