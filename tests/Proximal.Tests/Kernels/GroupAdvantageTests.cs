using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class GroupAdvantageTests : KernelFixture
{
    private static readonly long[] Groups = [0, 3, 5, 8];
    private static readonly float[] GroupScores = [1, 2, 6, .5f, .5f, -1, 0, float.NaN];
    private static readonly byte[] Mask = [1, 1, 1, 1, 1, 1, 1, 0];

    [Test]
    public void Grpo_divides_by_the_unbiased_deviation_of_the_group()
    {
        float[] advantages = new float[8];
        GroupMetrics metrics = GroupAdvantage.Compute(Engine, Groups, GroupScores, Mask, GroupAdvantageOptions.Grpo, advantages);
        double deviation = Math.Sqrt(7) + 1e-6;
        double half = Math.Sqrt(.5) + 1e-6;
        AssertClose(advantages, [-2 / deviation, -1 / deviation, 3 / deviation, 0, 0, -.5 / half, .5 / half, 0], 1e-6);
        Assert.That((metrics.Rows, metrics.Groups, metrics.Flat, metrics.Lone), Is.EqualTo((7L, 3L, 1L, 0L)));
        Assert.That(metrics.MeanScore, Is.EqualTo(9 / 7.0).Within(1e-12));
        Assert.That(metrics.MeanDeviation, Is.EqualTo((Math.Sqrt(7) + Math.Sqrt(.5)) / 3).Within(1e-12));
    }

    [Test]
    public void Dr_grpo_and_rloo_do_not_divide()
    {
        float[] advantages = new float[8];
        GroupAdvantage.Compute(Engine, Groups, GroupScores, Mask, GroupAdvantageOptions.DrGrpo, advantages);
        AssertClose(advantages, [-2, -1, 3, 0, 0, -.5, .5, 0], 1e-6);
        GroupAdvantage.Compute(Engine, Groups, GroupScores, Mask, GroupAdvantageOptions.Rloo, advantages);
        AssertClose(advantages, [-3, -1.5, 4.5, 0, 0, -1, 1, 0], 1e-6);
    }

    [Test]
    public void A_baseline_may_be_weighted_and_a_deviation_given()
    {
        float[] advantages = new float[3];
        GroupAdvantage.Compute(
            Engine, [0, 3], [1, 2, 6], [], GroupAdvantageOptions.DrGrpo with { Scale = GroupScale.GivenDeviation, GivenDeviation = 2 },
            advantages, [1, 1, 2]);
        AssertClose(advantages, [-2.75 / 2.000001, -1.75 / 2.000001, 2.25 / 2.000001], 1e-6);
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        float[] advantages = new float[8];
        Assert.That(
            () => GroupAdvantage.Compute(Engine, [0, 2, 3], new float[3], [], GroupAdvantageOptions.Rloo, advantages.AsSpan(0, 3)),
            Throws.ArgumentException.With.Message.Contains("group 1"));
        Assert.That(
            () => GroupAdvantage.Compute(Engine, Groups, GroupScores, [], GroupAdvantageOptions.Grpo, advantages),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("score[7]"));
        Assert.That(
            () => GroupAdvantage.Compute(Engine, Groups, GroupScores, Mask, GroupAdvantageOptions.Grpo, advantages.AsSpan(1)),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("advantages"));
        Assert.That(
            () => GroupAdvantage.Compute(Engine, Groups, GroupScores, Mask, GroupAdvantageOptions.Grpo, advantages, GroupScores),
            Throws.ArgumentException.With.Message.Contains("weight"));
        Assert.That(
            () => GroupAdvantage.Compute(Engine, Groups, GroupScores, Mask, new() { GivenDeviation = 1 }, advantages),
            Throws.ArgumentException.With.Message.Contains("deviation"));
    }

    [Test]
    public void A_call_allocates_nothing()
    {
        float[] advantages = new float[8];
        Assert.That(
            AllocatedBy(() => GroupAdvantage.Compute(Engine, Groups, GroupScores, Mask, GroupAdvantageOptions.Grpo, advantages)),
            Is.Zero);
    }
}
