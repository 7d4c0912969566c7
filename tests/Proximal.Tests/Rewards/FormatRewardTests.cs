using NUnit.Framework;
using Proximal.Rewards;

namespace Proximal.Tests.Rewards;

public sealed class FormatRewardTests
{
    [Test]
    public async Task A_match_anywhere_or_of_the_whole_response_has_its_score()
    {
        RewardBatch batch = RewardBatches.OfTexts("<a>1</a>", "so <a>1</a>", "<A>1</A>", "<a>\n</a>", "");
        float[] anywhere = (await new FormatReward("<a>.*</a>", matchScore: 2, missScore: -1).ScoreAsync(batch)).Scores;
        float[] full = (await new FormatReward("<a>.*</a>", full: true).ScoreAsync(batch)).Scores;
        float[] inline = (await new FormatReward("(?is)<a>.*</a>").ScoreAsync(batch)).Scores;
        Assert.Multiple(() =>
        {
            Assert.That(anywhere, Is.EqualTo(new[] { 2f, 2, -1, -1, -1 }));
            Assert.That(full, Is.EqualTo(new[] { 1f, 0, 0, 0, 0 }));
            Assert.That(inline, Is.EqualTo(new[] { 1f, 1, 1, 1, 0 }));
        });
    }

    [Test]
    public async Task Full_means_every_branch_from_the_first_character_to_the_last()
    {
        float[] scores = (await new FormatReward("a|ab", full: true).ScoreAsync(RewardBatches.OfTexts("ab", "a", "abc", "a\n", "xa"))).Scores;
        Assert.That(scores, Is.EqualTo(new[] { 1f, 1, 0, 0, 0 }));
    }

    [Test]
    public async Task A_response_made_to_stall_backtracking_does_not_stall()
    {
        // (a+)+$ on a row of a's and a b: 2^n tries with backtracking, one pass without.
        var reward = new FormatReward("^(a+)+$");
        float[] scores = (await reward.ScoreAsync(RewardBatches.OfTexts(new string('a', 50_000) + "b", new string('a', 50_000)))).Scores;
        Assert.That(scores, Is.EqualTo(new[] { 0f, 1 }));
    }

    [TestCase("(", "is no regular expression")]
    [TestCase("a)(b", "is no regular expression")]
    [TestCase("(?=a)b", "cannot be matched in linear time")]
    [TestCase(@"(a)\1", "cannot be matched in linear time")]
    public void A_pattern_that_cannot_be_used_is_named(string pattern, string says) => Assert.Multiple(() =>
    {
        Assert.That(() => new FormatReward(pattern, full: true), Throws.ArgumentException.With.Message.Contains(says));
        Assert.That(() => new ExactAnswerReward(pattern: pattern), Throws.ArgumentException.With.Message.Contains(says));
    });
}
