using System.Collections.Concurrent;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Ppo;

/// <summary>Scoring goes on beside generation: shown by the order of events, with every event in the test's hands.</summary>
public sealed class StepRewardsTests
{
    private static readonly Prompt[] Prompts = [.. Enumerable.Range(0, 5).Select(_ => new Prompt { Tokens = [1] })];

    private TaskCompletionSource<Generation>[] _responses = null!;

    [SetUp]
    public void SetUp() => _responses = [.. Prompts.Select(_ => new TaskCompletionSource<Generation>(TaskCreationOptions.RunContinuationsAsynchronously))];

    [Test]
    public async Task A_batch_is_scored_as_soon_as_it_is_there_while_the_next_is_not()
    {
        var scored = new ConcurrentQueue<int[]>();
        var called = new SemaphoreSlim(0);
        using var rewards = new StepRewards(Scorer((batch, _) =>
        {
            scored.Enqueue([.. batch.Rows.Select(row => row.ResponseTokens[0])]);
            called.Release();
            return ValueTask.FromResult(new RewardResult { Scores = [.. batch.Rows.Select(row => (float)row.ResponseTokens[0])] });
        }), batch: 2, CancellationToken.None);
        rewards.Start(Prompts, [.. _responses.Select(response => response.Task)]);

        Finish(1);
        Finish(4);
        Assert.That(scored, Is.Empty, "no batch is complete");
        Finish(0);
        await called.WaitAsync();
        Assert.That(scored, Is.EqualTo(new[] { new[] { 10, 11 } }), "responses 2 and 3 are still being generated");
        Finish(3);
        Finish(2);
        Rollout rollout = await rewards.AddToAsync(All());
        Assert.Multiple(() =>
        {
            Assert.That(scored, Is.EqualTo(new[] { new[] { 10, 11 }, [12, 13], [14] }), "in the order of the prompts");
            Assert.That(rollout.Scores, Is.EqualTo(new[] { 10f, 11, 12, 13, 14 }));
        });
    }

    [Test]
    public async Task Token_rewards_and_components_of_batches_are_put_end_to_end()
    {
        using var rewards = new StepRewards(Scorer((batch, _) => ValueTask.FromResult(new RewardResult
        {
            Scores = new float[batch.Count],
            Components = new Dictionary<string, float[]> { ["part"] = [.. batch.Rows.Select(row => (float)row.ResponseTokens[1])] },
            TokenRewards = batch.Count == 1 ? null : [.. batch.Rows.SelectMany(row => row.ResponseTokens.Select(token => (float)token))],
        })), batch: 2, CancellationToken.None);
        rewards.Start(Prompts, [.. _responses.Select(response => response.Task)]);
        Array.ForEach([3, 1, 2, 0, 4], Finish);
        Rollout rollout = await rewards.AddToAsync(All());
        Assert.Multiple(() =>
        {
            Assert.That(rollout.Components["reward/part"], Is.EqualTo(new[] { 20f, 21, 22, 23, 24 }));
            Assert.That(rollout.TokenScores, Is.EqualTo(new[] { 0f, 10, 20, 0, 11, 21, 0, 12, 22, 0, 13, 23, 0, 0, 0 }));
        });
    }

    [Test]
    public async Task A_reward_that_fails_ends_the_step_and_is_what_the_step_fails_with()
    {
        using var rewards = new StepRewards(Scorer((_, _) => throw new InvalidDataException("enough")), batch: 1, CancellationToken.None);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = rewards.StepToken.Register(ended.SetResult);
        rewards.Start(Prompts, [.. _responses.Select(response => response.Task)]);
        Finish(0);
        await ended.Task; // without this the other responses would be generated in vain
        _responses[1].SetCanceled(CancellationToken.None);
        Assert.That(rewards.AbandonAsync, Throws.TypeOf<RewardException>().With.Message.Contains("enough"));
    }

    [Test]
    public async Task A_step_that_is_given_up_cancels_its_reward_and_waits_for_it()
    {
        var inside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool left = false;
        using var rewards = new StepRewards(Scorer(async (_, cancellationToken) =>
        {
            inside.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                left = true;
            }

            return new RewardResult { Scores = [0] };
        }), batch: 1, CancellationToken.None);
        rewards.Start(Prompts, [.. _responses.Select(response => response.Task)]);
        Finish(0);
        await inside.Task;
        await rewards.AbandonAsync();
        Assert.That(left, Is.True);
    }

    private static ResponseScorer Scorer(Func<RewardBatch, CancellationToken, ValueTask<RewardResult>> score) =>
        new(new DelegateReward("reward", score), tokenizer: null);

    private void Finish(int response) => _responses[response].SetResult(Generation(response));

    private static Rollout All() => Rollout.Pack(Prompts, [.. Enumerable.Range(0, Prompts.Length).Select(Generation)]);

    private static Generation Generation(int response) =>
        new((ulong)response, [1], [10 + response, 20 + response], [0, 0], [0, 0], FinishReason.Length);
}
