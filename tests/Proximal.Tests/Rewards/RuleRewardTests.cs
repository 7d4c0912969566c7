using NUnit.Framework;
using Proximal.Rewards;

namespace Proximal.Tests.Rewards;

public sealed class RuleRewardTests
{
    [Test]
    public async Task Repetition_is_the_share_of_n_grams_seen_before()
    {
        RewardBatch batch = RewardBatches.OfTokens([1, 1, 1, 1, 1], [1, 2, 3], [1, 2, 1, 2], [1], []);
        float[] single = (await new RepetitionReward(1).ScoreAsync(batch)).Scores;
        float[] pairs = (await new RepetitionReward(2).ScoreAsync(batch)).Scores;
        Assert.Multiple(() =>
        {
            Assert.That(single, Is.EqualTo(new[] { 0.8f, 0, 0.5f, 0, 0 }));
            Assert.That(pairs, Is.EqualTo(new[] { 0.75f, 0, 1 / 3f, 0, 0 }).Within(1e-7));
        });
    }

    [Test]
    public async Task Length_counts_tokens_or_aims_at_a_target()
    {
        RewardBatch batch = RewardBatches.OfTokens([1, 2], [1, 2, 3, 4], []);
        float[] plain = (await new LengthReward().ScoreAsync(batch)).Scores;
        float[] aimed = (await new LengthReward(target: 4).ScoreAsync(batch)).Scores;
        Assert.Multiple(() =>
        {
            Assert.That(plain, Is.EqualTo(new[] { 2f, 4, 0 }));
            Assert.That(aimed, Is.EqualTo(new[] { -0.5f, 0, -1 }));
        });
    }

    [TestCase(0, 0)]
    [TestCase(80, 0)]
    [TestCase(81, -0.1)]
    [TestCase(90, -1)]
    [TestCase(100, -2)]
    [TestCase(500, -2)]
    public void Overlong_grows_over_the_buffer_and_is_capped(int length, double expected) =>
        Assert.That(Penalties.Overlong(length, maximum: 100, buffer: 20, factor: 2), Is.EqualTo(expected).Within(1e-12));

    [TestCase(100, 0, 1)]
    [TestCase(100, 101, 1)]
    [TestCase(0, 1, 1)]
    [TestCase(100, 20, -1)]
    public void Overlong_refuses_what_makes_no_sense(int maximum, int buffer, double factor) =>
        Assert.That(() => new OverlongReward(maximum, buffer, factor), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Repetition_penalty_scales_to_its_maximum() => Assert.Multiple(() =>
    {
        Assert.That(Penalties.Repetition([5, 5, 5, 5, 5], 1, -2), Is.EqualTo(-1.6).Within(1e-12));
        Assert.That(Penalties.Repetition([5], 2), Is.Zero);
        Assert.That(() => Penalties.Repetition([5], 2, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    });
}
