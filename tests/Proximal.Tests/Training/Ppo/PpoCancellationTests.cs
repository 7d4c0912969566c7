using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Ppo;

public sealed class PpoCancellationTests
{
    private PpoBench _bench = null!;

    [SetUp]
    public void SetUp() => _bench = new PpoBench();

    [TearDown]
    public void TearDown() => _bench.Dispose();

    [TestCase(PpoPhase.Rollout, 1)]
    [TestCase(PpoPhase.Scoring, 1)]
    [TestCase(PpoPhase.Update, 1)]
    [TestCase(PpoPhase.Update, 20)]
    public async Task A_cancelled_step_can_be_done_again(PpoPhase phase, long done)
    {
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick));
        await CancelIn(trainer, step: 2, phase, done);
        Assert.That(trainer.Step, Is.EqualTo(1));
        await foreach (PpoStep step in trainer.RunAsync())
        {
            Assert.That(step.Step, Is.GreaterThan(1));
        }

        using var uninterrupted = new PpoBench();
        await PpoBench.Run(uninterrupted.Setup(PpoBench.Quick));
        Assert.That(PpoBench.Weights(_bench.Actor), Is.EqualTo(PpoBench.Weights(uninterrupted.Actor)));
    }

    [Test]
    public async Task In_the_update_the_weights_go_back_to_the_committed_step()
    {
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick));
        (float[] actor, float[] critic) = await CancelIn(trainer, step: 2, PpoPhase.Update, done: 20);
        Assert.Multiple(() =>
        {
            Assert.That(trainer.Step, Is.EqualTo(1));
            Assert.That(PpoBench.Weights(_bench.Actor), Is.EqualTo(actor));
            Assert.That(PpoBench.Weights(trainer.Critic), Is.EqualTo(critic));
        });
    }

    [TestCase(PpoPhase.Scoring)]
    [TestCase(PpoPhase.Update)]
    public void Cancellation_is_seen_within_one_micro_batch(PpoPhase phase)
    {
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick));
        using var source = new CancellationTokenSource();
        int after = 0;
        var watcher = new Watcher(report =>
        {
            after += source.IsCancellationRequested ? 1 : 0;
            if (report.Phase == phase && report.Done > 0)
            {
                source.Cancel();
            }
        });
        Assert.That(
            async () => await trainer.RunAsync(watcher, source.Token).FirstAsync(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(after, Is.Zero, "each micro-batch reports when it is done");
    }

    [Test]
    public void A_cancelled_token_throws_at_once_and_after_the_last_step()
    {
        using var source = new CancellationTokenSource();
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick with { Steps = 1 }));
        Assert.That(
            async () =>
            {
                await foreach (PpoStep step in trainer.RunAsync(cancellationToken: source.Token))
                {
                    Assert.That(step.Step, Is.EqualTo(1));
                    await source.CancelAsync();
                }
            },
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(
            async () => await trainer.RunAsync(cancellationToken: source.Token).FirstAsync(),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_reward_that_fails_discards_the_step_and_the_next_try_draws_the_same()
    {
        var drawn = new List<int[]>();
        var moody = new DelegateReward("moody", (batch, _) =>
        {
            drawn.Add([.. batch.Rows.SelectMany(row => row.ResponseTokens)]);
            float score = drawn.Count == 2 ? float.NaN : drawn.Count;
            return ValueTask.FromResult(new RewardResult { Scores = [.. Enumerable.Repeat(score, batch.Count)] });
        });
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick, moody));
        await trainer.RunAsync().FirstAsync();
        float[] committed = PpoBench.Weights(_bench.Actor);
        Assert.That(
            async () => await trainer.RunAsync().FirstAsync(),
            Throws.TypeOf<RewardException>().With.Message.Contains("The reward 'moody' returned NaN").And.Message.Contains("row 0"));
        Assert.That(PpoBench.Weights(_bench.Actor), Is.EqualTo(committed));
        await trainer.RunAsync().FirstAsync();
        Assert.Multiple(() =>
        {
            Assert.That(trainer.Step, Is.EqualTo(2));
            Assert.That(drawn[2], Is.EqualTo(drawn[1]));
        });
    }

    [Test]
    public async Task A_number_that_is_not_finite_stops_the_step_before_the_weights_change()
    {
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick));
        await trainer.RunAsync().FirstAsync();
        float[] actor = PpoBench.Weights(_bench.Actor);
        trainer.Critic.WriteTensor("score.weight", [.. Enumerable.Repeat(3e38f, 16)]);
        float[] critic = PpoBench.Weights(trainer.Critic);
        ProximalException exception =
            Assert.ThrowsAsync<ProximalException>(async () => await trainer.RunAsync().FirstAsync());
        Assert.Multiple(() =>
        {
            Assert.That(exception.Status, Is.EqualTo(ProximalStatus.NotFinite));
            Assert.That(exception.Message, Does.Contain("value"));
            Assert.That(PpoBench.Weights(_bench.Actor), Is.EqualTo(actor));
            Assert.That(PpoBench.Weights(trainer.Critic), Is.EqualTo(critic));
            Assert.That(trainer.Step, Is.EqualTo(1));
        });
    }

    [Test]
    public async Task A_second_caller_is_refused()
    {
        var inside = new TaskCompletionSource();
        var leave = new TaskCompletionSource();
        var slow = new DelegateReward("slow", async (batch, _) =>
        {
            inside.TrySetResult();
            await leave.Task;
            return new RewardResult { Scores = new float[batch.Count] };
        });
        using var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick, slow));
        Task<PpoStep> first = trainer.RunAsync().FirstAsync().AsTask();
        await inside.Task;
        Assert.That(
            async () => await trainer.RunAsync().FirstAsync(),
            Throws.InvalidOperationException.With.Message.Contains("one caller at a time"));
        leave.SetResult();
        Assert.That((await first).Step, Is.EqualTo(1));
    }

    [Test]
    public void A_trainer_that_cannot_be_made_leaves_nothing_and_one_that_was_can_go_twice()
    {
        using (new Trainer(_bench.Actor))
        {
            Assert.That(() => new PpoTrainer(_bench.Setup(PpoBench.Quick)), Throws.TypeOf<ProximalException>());
        }

        var trainer = new PpoTrainer(_bench.Setup(PpoBench.Quick));
        trainer.Dispose();
        trainer.Dispose();
        Assert.That(async () => await trainer.RunAsync().FirstAsync(), Throws.TypeOf<ObjectDisposedException>());
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var second = new PpoTrainer(_bench.Setup(PpoBench.Quick));
        Assert.That(second.Step, Is.Zero);
    }

    /// <summary>Cancels a run when a phase of a step is so far, and gives the weights of the step before.</summary>
    private async Task<(float[] Actor, float[] Critic)> CancelIn(PpoTrainer trainer, int step, PpoPhase phase, long done)
    {
        using var source = new CancellationTokenSource();
        var progress = new Watcher(report =>
        {
            if (report.Step == step && report.Phase == phase && report.Done >= done)
            {
                source.Cancel();
            }
        });
        (float[] Actor, float[] Critic) committed = ([], []);
        Exception? thrown = null;
        try
        {
            await foreach (PpoStep _ in trainer.RunAsync(progress, source.Token))
            {
                committed = (PpoBench.Weights(_bench.Actor), PpoBench.Weights(trainer.Critic));
            }
        }
        catch (OperationCanceledException exception)
        {
            thrown = exception;
        }

        Assert.That(thrown, Is.Not.Null, "cancellation always throws");
        return committed;
    }

    private sealed class Watcher(Action<PpoProgress> watch) : IProgress<PpoProgress>
    {
        public void Report(PpoProgress value) => watch(value);
    }
}
