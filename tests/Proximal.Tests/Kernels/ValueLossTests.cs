using NUnit.Framework;
using Proximal.Kernels;
using Proximal.Training;

namespace Proximal.Tests.Kernels;

public sealed class ValueLossTests : KernelFixture
{
    [Test]
    public void Token_mean_and_sequence_mean_of_the_worked_example()
    {
        ValueMetrics metrics = Compute(NewValues, default, 8);
        Assert.That(metrics.LossSum / 8, Is.EqualTo(0.129618).Within(1e-6));
        Assert.That(metrics.ClipFraction, Is.EqualTo(0.125));
        float[] weights = new float[8];
        double normalizer =
            LossReduction.SequenceMeanOfTokenMean.Weigh(Offsets, [1, 1, 1, 1, 1, 1, 1, 1], weights);
        Assert.That(Compute(NewValues, weights, normalizer).LossSum / normalizer, Is.EqualTo(0.139022).Within(1e-6));
    }

    [Test]
    public void Gradients_are_the_derivatives()
    {
        float[] weights = [1, 2, 0, 1, 0.5f, 1, 1, 1];
        float[] gradients = new float[8];
        ValueLoss.Compute(Engine, NewValues, Values, Floats(Returns), weights, 3, default, gradients, 0.2);
        double[] expected = new double[8];
        for (int i = 0; i < 8; i++)
        {
            expected[i] = (Total(i, 1 / 1024f) - Total(i, -1 / 1024f)) / (2 / 1024.0);
        }

        AssertClose(gradients, expected, 1e-4);

        double Total(int i, float step)
        {
            float[] moved = [.. NewValues];
            moved[i] += step;
            return Compute(moved, weights, 3).LossSum / 3;
        }
    }

    [Test]
    public void A_perfect_critic_explains_all_variance()
    {
        float[] returns = Floats(Returns);
        ValueMetrics metrics = ValueLoss.Compute(Engine, returns, returns, returns, default, 8);
        Assert.That(metrics.ExplainedVariance, Is.EqualTo(1));
        Assert.That(metrics.LossSum, Is.Zero);
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        Assert.That(
            () => ValueLoss.Compute(Engine, [1], [1, 2], [1], default, 1),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("oldValues"));
        Assert.That(
            () => ValueLoss.Compute(Engine, [1], [1], [float.NaN], default, 1),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("returns[0]"));
        Assert.That(
            () => ValueLoss.Compute(Engine, [1], [1], [1], default, 1, clip: 0),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_call_allocates_nothing()
    {
        float[] returns = Floats(Returns);
        Assert.That(
            AllocatedBy(() => ValueLoss.Compute(Engine, NewValues, Values, returns, default, 8)), Is.Zero);
    }

    private ValueMetrics Compute(float[] values, float[]? weights, double normalizer) =>
        ValueLoss.Compute(Engine, values, Values, Floats(Returns), weights, normalizer, clip: 0.2);
}
