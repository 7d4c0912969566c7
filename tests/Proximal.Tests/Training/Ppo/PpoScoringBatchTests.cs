using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Ppo;

public sealed class PpoScoringBatchTests
{
    [Test]
    public async Task The_batches_of_the_reward_change_nothing_of_a_run()
    {
        (float[] Weights, float[] Scores, int[] Tokens)[] runs =
            [await Run(scoringBatch: 0), await Run(scoringBatch: 1), await Run(scoringBatch: 5), await Run(scoringBatch: 100)];
        Assert.Multiple(() =>
        {
            foreach ((float[] weights, float[] scores, int[] tokens) in runs.Skip(1))
            {
                Assert.That(tokens, Is.EqualTo(runs[0].Tokens));
                Assert.That(scores, Is.EqualTo(runs[0].Scores));
                Assert.That(weights, Is.EqualTo(runs[0].Weights));
            }
        });
    }

    [Test]
    public async Task A_slow_reward_holds_up_neither_generation_nor_the_models_passes()
    {
        // The reward's first batch returns only after everything else of the step's scoring is done: were it waited for
        // earlier, the step would never end.
        using var bench = new PpoBench();
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var batches = new List<int>();
        var slow = new DelegateReward("slow", async (batch, cancellationToken) =>
        {
            batches.Add(batch.Count);
            await passed.Task.WaitAsync(cancellationToken);
            return new RewardResult { Scores = [.. batch.Rows.Select(row => (float)row.ResponseTokens[0])] };
        });
        PpoOptions options = PpoBench.Quick with { Steps = 1, GenerationBatch = 4, ScoringBatch = 4 };
        using var trainer = new PpoTrainer(bench.Setup(options, slow));
        var progress = new Watcher(report =>
        {
            if (report.Phase == PpoPhase.Scoring && report.Done == report.Total)
            {
                Assert.That(batches, Is.EqualTo(new[] { 4 }).Or.Empty, "all is generated and passed, one batch at most is with the reward");
                passed.TrySetResult();
            }
        });
        PpoStep step = await trainer.RunAsync(progress).FirstAsync();
        Assert.Multiple(() =>
        {
            Assert.That(batches, Is.EqualTo(new[] { 4, 4, 4, 4 }));
            Assert.That(step.Rollout.Scores, Is.EqualTo(
                Enumerable.Range(0, 16).Select(s => (float)step.Rollout.Tokens[step.Rollout.Response(s)][0])));
        });
    }

    [Test]
    public async Task A_reward_that_fails_on_its_first_batch_discards_the_step_which_can_be_done_again()
    {
        using var bench = new PpoBench();
        int calls = 0;
        var moody = new DelegateReward("moody", (batch, cancellationToken) => ++calls == 6
            ? throw new InvalidDataException("enough")
            : PpoBench.Counting.ScoreAsync(batch, cancellationToken));
        using var trainer = new PpoTrainer(bench.Setup(PpoBench.Quick with { ScoringBatch = 4 }, moody));
        await trainer.RunAsync().FirstAsync();
        Assert.That(async () => await trainer.RunAsync().FirstAsync(), Throws.TypeOf<RewardException>().With.Message.Contains("enough"));
        Assert.That(trainer.Step, Is.EqualTo(1));
        await foreach (PpoStep step in trainer.RunAsync())
        {
            Assert.That(step.Step, Is.GreaterThan(1));
        }

        using var undisturbed = new PpoBench();
        await PpoBench.Run(undisturbed.Setup(PpoBench.Quick));
        Assert.That(PpoBench.Weights(bench.Actor), Is.EqualTo(PpoBench.Weights(undisturbed.Actor)));
    }

    [Test]
    public async Task Cancellation_reaches_a_reward_that_is_waited_for()
    {
        using var bench = new PpoBench();
        using var source = new CancellationTokenSource();
        var deaf = new DelegateReward("slow", async (batch, cancellationToken) =>
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new RewardResult { Scores = new float[batch.Count] };
        });
        using var trainer = new PpoTrainer(bench.Setup(PpoBench.Quick, deaf));
        var progress = new Watcher(report =>
        {
            if (report.Phase == PpoPhase.Scoring && report.Done == report.Total)
            {
                source.Cancel();
            }
        });
        Assert.That(async () => await trainer.RunAsync(progress, source.Token).FirstAsync(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(trainer.Step, Is.Zero);
        await Task.CompletedTask;
    }

    private static async Task<(float[] Weights, float[] Scores, int[] Tokens)> Run(int scoringBatch)
    {
        using var bench = new PpoBench();
        List<PpoStep> steps = await PpoBench.Run(
            bench.Setup(PpoBench.Quick with { Steps = 2, GenerationBatch = 4, ScoringBatch = scoringBatch }, PpoBench.DenseCounting));
        return (
            PpoBench.Weights(bench.Actor),
            [.. steps.SelectMany(step => step.Rollout.TokenScores)],
            [.. steps.SelectMany(step => step.Rollout.Tokens)]);
    }

    private sealed class Watcher(Action<PpoProgress> watch) : IProgress<PpoProgress>
    {
        public void Report(PpoProgress value) => watch(value);
    }
}
