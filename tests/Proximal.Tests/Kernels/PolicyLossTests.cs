using NUnit.Framework;
using Proximal.Kernels;
using Proximal.Training;

namespace Proximal.Tests.Kernels;

public sealed class PolicyLossTests : KernelFixture
{
    [TestCase(0.2, -0.008953)]
    [TestCase(0.28, -0.014651)]
    public void Token_mean_of_the_worked_example(double clipHigh, double expected)
    {
        PolicyMetrics metrics = Compute(new PolicyLossOptions { ClipHigh = clipHigh });
        Assert.That(metrics.LossSum / 8, Is.EqualTo(expected).Within(1e-6));
        Assert.That(metrics.ApproxKl, Is.EqualTo(0.032813).Within(1e-6));
        if (clipHigh == 0.2)
        {
            Assert.That(metrics.ClipFraction, Is.EqualTo(0.375));
        }
    }

    [Test]
    public void Sequence_mean_of_the_worked_example()
    {
        float[] weights = new float[8];
        double normalizer =
            LossReduction.SequenceMeanOfTokenMean.Weigh(Offsets, [1, 1, 1, 1, 1, 1, 1, 1], weights);
        PolicyMetrics metrics = PolicyLoss.Compute(
            Engine, Inputs(NewLogProbs, weights), PolicyLossOptions.Default, normalizer);
        Assert.That(metrics.LossSum / normalizer, Is.EqualTo(0.080624).Within(1e-6));
    }

    [TestCase(3, 3.0)]
    [TestCase(double.PositiveInfinity, 5.0)]
    public void Dual_clip_bounds_a_negative_advantage(double dualClip, double expected)
    {
        float[] losses = new float[1];
        var inputs = new PolicyLossInputs { LogProbs = [MathF.Log(5)], OldLogProbs = [0], Advantages = [-1] };
        PolicyLoss.Compute(Engine, inputs, new PolicyLossOptions { DualClip = dualClip }, 1, losses);
        AssertClose(losses, [expected], 1e-6);
    }

    [Test]
    public void Gradients_are_the_derivatives_of_the_loss_with_its_penalty()
    {
        var options = new PolicyLossOptions { KlCoefficient = 0.2 };
        float[] gradients = new float[8];
        float[] weights = [1, 2, 0, 1, 0.5f, 1, 1, 1];
        PolicyLoss.Compute(Engine, Inputs(NewLogProbs, weights), options, 3, gradients: gradients);
        double[] expected = new double[8];
        for (int i = 0; i < 8; i++)
        {
            expected[i] = (Total(i, 1 / 1024f) - Total(i, -1 / 1024f)) / (2 / 1024.0);
        }

        AssertClose(gradients, expected, 1e-4);

        double Total(int i, float step)
        {
            float[] moved = [.. NewLogProbs];
            moved[i] += step;
            PolicyMetrics metrics = PolicyLoss.Compute(Engine, Inputs(moved, weights), options, 3);
            return (metrics.LossSum + (options.KlCoefficient * metrics.KlLossSum)) / 3;
        }
    }

    [Test]
    public void An_unchanged_policy_has_ratio_one_and_no_kl_exactly()
    {
        PolicyMetrics metrics = PolicyLoss.Compute(Engine, Inputs(LogProbs), PolicyLossOptions.Default, 8);
        Assert.That((metrics.RatioMin, metrics.RatioMax, metrics.ApproxKl), Is.EqualTo((1.0, 1.0, 0.0)));
    }

    [Test]
    public void Micro_batches_add_to_the_whole()
    {
        PolicyMetrics whole = Compute(PolicyLossOptions.Default);
        PolicyMetrics parts = default;
        float[] advantages = Floats(Whitened);
        for (int i = 0; i < 8; i += 4)
        {
            var part = new PolicyLossInputs
            {
                LogProbs = NewLogProbs.AsSpan(i, 4),
                OldLogProbs = LogProbs.AsSpan(i, 4),
                Advantages = advantages.AsSpan(i, 4),
            };
            parts += PolicyLoss.Compute(Engine, part, PolicyLossOptions.Default, 8);
        }

        Assert.That(parts.LossSum, Is.EqualTo(whole.LossSum).Within(1e-12));
        Assert.That(parts.Clipped, Is.EqualTo(whole.Clipped));
        Assert.That(parts.RatioMax, Is.EqualTo(whole.RatioMax));
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        Assert.That(
            () => PolicyLoss.Compute(Engine, Inputs([1]), PolicyLossOptions.Default, 1),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("OldLogProbs"));
        Assert.That(
            () => PolicyLoss.Compute(
                Engine,
                new PolicyLossInputs { LogProbs = [0], OldLogProbs = [0], Advantages = [0] },
                new PolicyLossOptions { KlCoefficient = 1 },
                1),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("ReferenceLogProbs"));
        Assert.That(
            () => PolicyLoss.Compute(Engine, Inputs(NewLogProbs), PolicyLossOptions.Default, 0),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        float[] broken = [.. NewLogProbs];
        broken[3] = float.NaN;
        Assert.That(
            () => PolicyLoss.Compute(Engine, Inputs(broken), PolicyLossOptions.Default, 1),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("logprob[3]"));
    }

    [Test]
    public void A_call_allocates_nothing()
    {
        float[] advantages = Floats(Whitened);
        float[] gradients = new float[8];
        Assert.That(
            AllocatedBy(() => PolicyLoss.Compute(
                Engine,
                new PolicyLossInputs { LogProbs = NewLogProbs, OldLogProbs = LogProbs, Advantages = advantages },
                PolicyLossOptions.Default,
                8,
                gradients: gradients)),
            Is.Zero);
    }

    private static PolicyLossInputs Inputs(float[] logProbs, float[]? weights = null) => new()
    {
        LogProbs = logProbs,
        OldLogProbs = LogProbs,
        ReferenceLogProbs = ReferenceLogProbs,
        Advantages = Floats(Whitened),
        Weights = weights,
    };

    private PolicyMetrics Compute(PolicyLossOptions options) =>
        PolicyLoss.Compute(Engine, Inputs(NewLogProbs), options, 8);
}
