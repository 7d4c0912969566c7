using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class RewardShapingTests : KernelFixture
{
    [Test]
    public void Token_rewards_of_the_worked_example()
    {
        float[] rewards = new float[8];
        float[] kl = new float[8];
        RewardShaping.Compute(Engine, Inputs(), KlEstimator.K1, 0.05, 10, rewards, kl);
        AssertClose(rewards, Rewards, 1e-6);
        AssertClose(kl, [-.2, .2, -.3, .1, .4, .2, -.4, .05], 1e-6);
    }

    [Test]
    public void The_score_is_clipped_and_lands_on_the_last_token_that_counts()
    {
        float[] rewards = new float[4];
        var inputs = new RewardShapingInputs
        {
            Offsets = [0, 3, 4],
            Mask = [1, 1, 0, 0],
            LogProbs = [-1, -1, float.NaN, float.NaN],
            ReferenceLogProbs = [-1, -1, float.NaN, float.NaN],
            Scores = [-20, float.NaN],
            TokenRewards = [0.5f, 0.25f, float.NaN, float.NaN],
        };
        RewardShaping.Compute(Engine, inputs, KlEstimator.K1, 0.05, 5, rewards);
        Assert.That(rewards, Is.EqualTo(new[] { 0.5f, -4.75f, 0, 0 }));
    }

    [Test]
    public void A_score_that_is_not_finite_is_named()
    {
        float[] rewards = new float[1];
        Assert.That(
            () => RewardShaping.Compute(
                Engine,
                new RewardShapingInputs
                {
                    Offsets = [0, 1], LogProbs = [0], ReferenceLogProbs = [0], Scores = [float.PositiveInfinity],
                },
                KlEstimator.K1,
                0,
                10,
                rewards),
            Throws.InstanceOf<ProximalException>().With.Property("Status").EqualTo(ProximalStatus.NotFinite)
                .And.Message.Contains("score[0]"));
    }

    [Test]
    public void Offsets_and_lengths_are_checked()
    {
        float[] rewards = new float[8];
        Assert.That(
            () => RewardShaping.Compute(
                Engine, Inputs(offsets: [0, 6, 5, 8]), KlEstimator.K1, 0, 10, rewards), Throws.ArgumentException);
        Assert.That(
            () => RewardShaping.Compute(Engine, Inputs(offsets: [0, 8]), KlEstimator.K1, 0, 10, rewards),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("Scores"));
        Assert.That(
            () => RewardShaping.Compute(Engine, Inputs(), KlEstimator.K1, 0, 0, rewards),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_call_allocates_nothing()
    {
        float[] rewards = new float[8];
        Assert.That(
            AllocatedBy(() => RewardShaping.Compute(Engine, Inputs(), KlEstimator.K1, 0.05, 10, rewards)), Is.Zero);
    }

    private static RewardShapingInputs Inputs(long[]? offsets = null) => new()
    {
        Offsets = offsets ?? Offsets,
        LogProbs = LogProbs,
        ReferenceLogProbs = ReferenceLogProbs,
        Scores = Scores,
    };
}
