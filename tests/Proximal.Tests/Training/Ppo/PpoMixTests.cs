using NUnit.Framework;
using Proximal.Data;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Ppo;

/// <summary>PPO-ptx and the average of the actor's weights.</summary>
public sealed class PpoMixTests
{
    private static readonly SftExample[] Examples =
    [
        .. Enumerable.Range(0, 6).Select(i => new SftExample { Tokens = [1, PpoBench.FirstDigit + i, 4, 7, 5, 2], PromptTokens = 2 }),
    ];

    [Test]
    public async Task Mixed_in_examples_are_learned_where_there_is_nothing_else_to_learn()
    {
        using var bench = new PpoBench();
        PpoOptions options = PpoBench.Quick with { Steps = 20, Kl = new PpoKlOptions { Coefficient = 0 } };
        List<PpoStep> steps = await PpoBench.Run(bench.Setup(options, new DelegateReward("nothing", _ => 0)) with
        {
            Ptx = new PpoPtx { Examples = Examples, Sequences = 3 },
        });
        double[] losses = [.. steps.Select(step => step.Metrics["ptx/loss"])];
        TestContext.Out.WriteLine(string.Join(' ', losses.Select(loss => $"{loss:F2}")));
        Assert.That(losses[^1], Is.LessThan(losses[0] / 3));
    }

    [Test]
    public async Task The_first_gradient_is_the_coefficient_times_that_of_the_mean_cross_entropy()
    {
        double expected;
        using (var bench = new PpoBench())
        using (var trainer = new Trainer(bench.Actor))
        {
            trainer.Accumulate(
                Proximal.Training.Sft.SftBatch.Pack(Examples, [.. Enumerable.Range(0, 6)]),
                new CrossEntropyObjective { Normalizer = 6 * 4 / 2.5 });
            expected = Math.Sqrt(trainer.GradientSquaredNorm());
        }

        using var again = new PpoBench();
        PpoOptions options = PpoBench.Quick with { Steps = 1, Epochs = 1, Minibatches = 1, Kl = new PpoKlOptions { Coefficient = 0 } };
        List<PpoStep> steps = await PpoBench.Run(again.Setup(options, new DelegateReward("nothing", _ => 0)) with
        {
            Ptx = new PpoPtx { Examples = Examples, Sequences = 6, Coefficient = 2.5 },
        });
        Assert.That(steps[0].Metrics["policy/gradient_norm"], Is.EqualTo(expected).Within(1e-4 * expected));
    }

    [Test]
    public async Task While_the_critic_warms_up_nothing_is_mixed_in()
    {
        using var bench = new PpoBench();
        List<PpoStep> steps = await PpoBench.Run(bench.Setup(PpoBench.Quick with { Steps = 2, CriticWarmupSteps = 1 }) with
        {
            Ptx = new PpoPtx { Examples = Examples },
        });
        Assert.That(steps.Select(step => double.IsNaN(step.Metrics["ptx/loss"])), Is.EqualTo(new[] { true, false }));
    }

    [Test]
    public async Task The_average_follows_the_actor_by_its_decay()
    {
        using var bench = new PpoBench();
        float[] expected = PpoBench.Weights(bench.Actor);
        using var trainer = new PpoTrainer(bench.Setup(PpoBench.Quick with { Ema = new PpoEmaOptions { Decay = 0.75 } }));
        await foreach (PpoStep step in trainer.RunAsync())
        {
            expected = [.. expected.Zip(PpoBench.Weights(bench.Actor), (average, weight) => (float)((0.75 * average) + (0.25 * weight)))];
        }

        using LanguageModel average = trainer.CreateAverage();
        Assert.Multiple(() =>
        {
            Assert.That(PpoBench.Weights(average), Is.EqualTo(expected));
            Assert.That(PpoBench.Weights(average), Is.Not.EqualTo(PpoBench.Weights(bench.Actor)));
        });
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        using var bench = new PpoBench();
        void Refused(Func<PpoSetup, PpoSetup> change, string says) => Assert.That(
            () => new PpoTrainer(change(bench.Setup(PpoBench.Quick))), Throws.InstanceOf<ArgumentException>().With.Message.Contains(says));
        Assert.Multiple(() =>
        {
            Refused(setup => setup with { Ptx = new PpoPtx { Examples = [] } }, "Ptx has no examples");
            Refused(setup => setup with { Ptx = new PpoPtx { Examples = Examples, Coefficient = 0 } }, "Ptx.Coefficient");
            Refused(setup => setup with { Ptx = new PpoPtx { Examples = Examples, Sequences = 0 } }, "Ptx.Sequences");
            Refused(setup => setup with { Ptx = new PpoPtx { Examples = [new SftExample { Tokens = [1, 99] }] } }, "token 99");
            Refused(setup => setup with { Options = PpoBench.Quick with { Ema = new PpoEmaOptions { Decay = 1 } } }, "Ema.Decay");
            using var trainer = new PpoTrainer(bench.Setup(PpoBench.Quick));
            Assert.That(trainer.CreateAverage, Throws.InvalidOperationException.With.Message.Contains("set Ema"));
        });
    }

    [Test]
    public void A_dense_reward_that_forgets_a_token_is_named()
    {
        DelegateReward reward = DelegateReward.OfTokens("dense", _ => [1f]);
        var row = new RewardRow { PromptTokens = [1], ResponseTokens = [3, 4], FinishReason = Proximal.Rollouts.FinishReason.Stop };
        Assert.That(
            async () => await reward.ScoreAsync(new RewardBatch([row])),
            Throws.TypeOf<RewardException>().With.Message.Contains("'dense' returned 1 token rewards for the 2 tokens of row 0"));
    }
}
