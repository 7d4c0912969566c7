using NUnit.Framework;
using Proximal.Rewards;

namespace Proximal.Tests.Rewards;

public sealed class MixtureRewardTests
{
    private static readonly RewardBatch Batch = RewardBatches.OfTokens([1, 2], [3, 4, 5]);

    [Test]
    public async Task The_score_is_the_weighted_sum_and_every_part_a_component()
    {
        var parts = new DelegateReward("parts", (_, _) => ValueTask.FromResult(new RewardResult
        {
            Scores = [1, 2],
            Components = new Dictionary<string, float[]> { ["inner"] = [7, 8] },
            TokenRewards = [1, 2, 3, 4, 5],
        }));
        var mixture = new MixtureReward([new(parts, 2), new(new LengthReward(), -0.5)]);
        RewardResult result = await mixture.ScoreAsync(Batch);
        Assert.Multiple(() =>
        {
            Assert.That(result.Scores, Is.EqualTo(new[] { 1f, 2.5f }));
            Assert.That(result.Components.Keys, Is.EqualTo(new[] { "parts", "parts/inner", "length" }));
            Assert.That(result.Components["parts"], Is.EqualTo(new[] { 1f, 2 }));
            Assert.That(result.Components["parts/inner"], Is.EqualTo(new[] { 7f, 8 }));
            Assert.That(result.TokenRewards, Is.EqualTo(new[] { 2f, 4, 6, 8, 10 }));
        });
    }

    [Test]
    public void Two_parts_of_one_name_are_refused() => Assert.That(
        () => new MixtureReward([new(new LengthReward()), new(new LengthReward(target: 3))]),
        Throws.ArgumentException.With.Message.Contains("Two rewards are named 'length'"));

    [Test]
    public void Nothing_a_weight_that_is_no_number_and_a_name_with_a_blank_are_refused() => Assert.Multiple(() =>
    {
        Assert.That(() => new MixtureReward([]), Throws.ArgumentException);
        Assert.That(
            () => new MixtureReward([new(new LengthReward(), double.NaN)]),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("weight of 'length'"));
        Assert.That(() => new LengthReward(name: "a b"), Throws.ArgumentException.With.Message.Contains("'a b'"));
    });

    [Test]
    public void A_part_that_throws_is_named_with_the_row_and_what_it_said()
    {
        var picky = new DelegateReward("picky", row => row.ResponseTokens.Length == 3
            ? throw new InvalidDataException("no threes")
            : 1);
        RewardException exception = Assert.ThrowsAsync<RewardException>(
            async () => await new MixtureReward([new(picky)]).ScoreAsync(Batch));
        Assert.Multiple(() =>
        {
            Assert.That(exception.Reward, Is.EqualTo("picky"));
            Assert.That(exception.Row, Is.EqualTo(1));
            Assert.That(
                exception.Message,
                Is.EqualTo("The reward 'picky' failed on row 1 (prompt prompts.jsonl:2): InvalidDataException: no threes"));
        });
    }

    [TestCase(double.NaN, "NaN")]
    [TestCase(double.PositiveInfinity, "Infinity")]
    [TestCase(1e300, "Infinity")]
    public void A_score_that_is_not_finite_is_named(double score, string text)
    {
        var broken = new DelegateReward("broken", row => row.ResponseTokens.Length == 3 ? score : 0);
        RewardException exception = Assert.ThrowsAsync<RewardException>(
            async () => await new MixtureReward([new(broken)]).ScoreAsync(Batch));
        Assert.Multiple(() =>
        {
            Assert.That(exception.Row, Is.EqualTo(1));
            Assert.That(exception.Message, Does.Contain($"'broken' returned {text}").And.Contain("row 1"));
        });
    }

    [Test]
    public void A_wrong_count_is_refused_for_scores_components_and_tokens() => Assert.Multiple(() =>
    {
        Assert.That(
            () => Score(new RewardResult { Scores = [1] }),
            Throws.TypeOf<RewardException>().With.Message.Contains("'wrong' returned 1 scores for 2 responses"));
        Assert.That(
            () => Score(new RewardResult
            {
                Scores = [1, 2],
                Components = new Dictionary<string, float[]> { ["part"] = [1, 2, 3] },
            }),
            Throws.TypeOf<RewardException>().With.Message.Contains("3 values of its component 'part' for 2 responses"));
        Assert.That(
            () => Score(new RewardResult { Scores = [1, 2], TokenRewards = [1, 2, 3, 4] }),
            Throws.TypeOf<RewardException>().With.Message.Contains("4 token rewards for 5 response tokens"));
        Assert.That(
            () => Score(new RewardResult { Scores = [1, 2], TokenRewards = [1, 2, 3, float.NaN, 5] }),
            Throws.TypeOf<RewardException>().With.Message.Contains("NaN for token 1 of row 1"));
        Assert.That(
            () => Score(null!),
            Throws.TypeOf<RewardException>().With.Message.Contains("'wrong' returned nothing"));
    });

    [Test]
    public void A_cancelled_reward_throws_as_cancelled()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.That(
            async () => await new MixtureReward([new(new LengthReward())]).ScoreAsync(Batch, source.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Text_without_a_tokenizer_says_so() => Assert.That(
        async () => await new MixtureReward([new(new LexiconReward([new("good", 1)]))]).ScoreAsync(Batch),
        Throws.TypeOf<RewardException>().With.Message.Contains("the trainer has no tokenizer"));

    private static async Task Score(RewardResult result)
    {
        var wrong = new DelegateReward("wrong", (_, _) => ValueTask.FromResult(result));
        await new MixtureReward([new(wrong)]).ScoreAsync(Batch);
    }
}
