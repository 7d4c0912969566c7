using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Ppo;

public sealed class PpoLearningTests
{
    [Test]
    public async Task A_policy_learns_to_count()
    {
        using var bench = new PpoBench();
        PpoOptions options = PpoBench.Quick with
        {
            Steps = 50,
            PromptsPerStep = 64,
            MicroBatchSequences = 0,
            Kl = new PpoKlOptions { Coefficient = 0 },
            Minibatches = 4,
            EntropyCoefficient = 0.02,
            Gamma = 0,
            Epochs = 4,
            Actor = new OptimizerOptions { LearningRate = 4e-3 },
            Critic = new OptimizerOptions { LearningRate = 1e-2 },
        };
        List<PpoStep> steps = await PpoBench.Run(bench.Setup(options, PpoBench.DenseCounting));
        double[] rewards = [.. steps.Select(step => step.Metrics["objective/rlhf_reward"])];
        TestContext.Out.WriteLine(string.Join(' ', rewards.Where((_, i) => i % 6 == 0).Append(rewards[^1]).Select(r => $"{r:F3}")));
        Assert.Multiple(() =>
        {
            Assert.That(rewards[..3].Average(), Is.LessThan(0.3), "a random policy does not count");
            Assert.That(rewards[^3..].Average(), Is.GreaterThan(0.9), "the trained one does");
        });
    }

    [Test]
    public async Task Without_reward_and_KL_nothing_moves()
    {
        using var bench = new PpoBench();
        float[] before = PpoBench.Weights(bench.Actor);
        PpoOptions options = PpoBench.Quick with { Kl = new PpoKlOptions { Coefficient = 0 } };
        List<PpoStep> steps = await PpoBench.Run(bench.Setup(options, new DelegateReward("nothing", _ => 0)));
        Assert.Multiple(() =>
        {
            Assert.That(PpoBench.Weights(bench.Actor), Is.EqualTo(before), "no advantage, no gradient");
            Assert.That(steps[^1].Metrics["objective/kl"], Is.Zero);
        });
    }

    [Test]
    public async Task A_large_beta_pins_the_policy_to_the_reference()
    {
        double free = await FinalKl(0);
        double pinned = await FinalKl(20);
        TestContext.Out.WriteLine($"sequence KL at beta 0: {free:F4}, at beta 20: {pinned:F4}");
        Assert.Multiple(() =>
        {
            Assert.That(free, Is.GreaterThan(0.5));
            Assert.That(pinned, Is.LessThan(free / 10));
        });

        static async Task<double> FinalKl(double beta)
        {
            using var bench = new PpoBench();
            PpoOptions options = PpoBench.Quick with { Steps = 25, Kl = new PpoKlOptions { Coefficient = beta } };
            return (await PpoBench.Run(bench.Setup(options)))[^5..].Average(step => step.Metrics["objective/kl"]);
        }
    }

    [Test]
    public async Task While_the_critic_warms_up_the_actor_stays()
    {
        using var bench = new PpoBench();
        float[] before = PpoBench.Weights(bench.Actor);
        using var trainer = new PpoTrainer(bench.Setup(PpoBench.Quick with { CriticWarmupSteps = 1 }));
        var weights = new List<float[]>();
        var steps = new List<PpoStep>();
        await foreach (PpoStep step in trainer.RunAsync())
        {
            steps.Add(step);
            weights.Add(PpoBench.Weights(bench.Actor));
        }

        Assert.Multiple(() =>
        {
            Assert.That(weights[0], Is.EqualTo(before));
            Assert.That(weights[1], Is.Not.EqualTo(before));
            Assert.That(steps[0].Metrics["policy/clipfrac"], Is.NaN);
            Assert.That(steps[0].Metrics["lr/actor"], Is.Zero);
            Assert.That(steps[0].Metrics["lr/critic"], Is.GreaterThan(0));
            Assert.That(steps[1].Metrics["lr/actor"], Is.GreaterThan(0));
        });
    }

    [Test]
    public async Task An_adaptive_beta_follows_the_KL()
    {
        using var bench = new PpoBench();
        var kl = new PpoKlOptions { Coefficient = 0.1, Adaptive = true, Target = 1, Horizon = 32 };
        List<PpoStep> steps = await PpoBench.Run(bench.Setup(PpoBench.Quick with { Kl = kl }));
        double[] betas = [.. steps.Select(step => step.Metrics["kl/coefficient"])];
        double[] kls = [.. steps.Select(step => step.Metrics["objective/kl"])];
        Assert.That(betas[0], Is.EqualTo(0.1));
        for (int i = 1; i < betas.Length; i++)
        {
            double expected = betas[i - 1] * (1 + (Math.Clamp(kls[i - 1] - 1, -0.2, 0.2) * 16 / 32));
            Assert.That(betas[i], Is.EqualTo(expected).Within(1e-12));
        }
    }
}
