using NUnit.Framework;
using Proximal.Rollouts;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Ppo;

public sealed class PpoOptionsTests
{
    private static readonly (string Name, PpoOptions Options)[] Bad =
    [
        ("Steps", new() { Steps = 0 }),
        ("PromptsPerStep", new() { PromptsPerStep = 0 }),
        ("SamplesPerPrompt", new() { SamplesPerPrompt = -1 }),
        ("MaxNewTokens", new() { MaxNewTokens = 0 }),
        ("Sampling.Temperature", new() { Sampling = new SamplingOptions { Temperature = 0 } }),
        ("TopP", new() { Sampling = new SamplingOptions { TopP = 1.5 } }),
        ("Epochs", new() { Epochs = 0 }),
        ("Minibatches", new() { PromptsPerStep = 4, Minibatches = 5 }),
        ("MicroBatchTokens", new() { MicroBatchTokens = 0 }),
        ("MicroBatchSequences", new() { MicroBatchSequences = -1 }),
        ("Gamma", new() { Gamma = 1.1 }),
        ("Lambda", new() { Lambda = double.NaN }),
        ("ReturnTarget", new() { ReturnTarget = (ReturnTarget)9 }),
        ("ClipLow", new() { ClipLow = 1 }),
        ("ClipHigh", new() { ClipHigh = 0 }),
        ("DualClip", new() { DualClip = 1 }),
        ("ValueClip", new() { ValueClip = 0 }),
        ("ValueClipUnit", new() { ValueClipUnit = (ValueClipUnit)9 }),
        ("EntropyCoefficient", new() { EntropyCoefficient = double.NaN }),
        ("RewardClip", new() { RewardClip = 0 }),
        ("MissingEndPenalty", new() { MissingEndPenalty = -1 }),
        ("Reduction", new() { Reduction = (LossReductionKind)9 }),
        ("ReductionLength", new() { ReductionLength = -1 }),
        ("Kl.Coefficient", new() { Kl = new PpoKlOptions { Coefficient = -0.1 } }),
        ("Kl.Coefficient", new() { Kl = new PpoKlOptions { Coefficient = 0, Adaptive = true } }),
        ("Kl.Target", new() { Kl = new PpoKlOptions { Target = 0 } }),
        ("Kl.Horizon", new() { Kl = new PpoKlOptions { Horizon = -5 } }),
        ("Kl.LossCoefficient", new() { Kl = new PpoKlOptions { LossCoefficient = -1 } }),
        ("Actor.LearningRate", new() { Actor = new OptimizerOptions { LearningRate = -1 } }),
        ("Critic.WarmupFraction", new() { Critic = new OptimizerOptions { WarmupFraction = 2 } }),
        ("Critic.Schedule", new() { Critic = new OptimizerOptions { Schedule = (ScheduleKind)9 } }),
        ("Beta1", new() { Actor = new OptimizerOptions { AdamW = new AdamWOptions { Beta1 = 1 } } }),
        ("CriticWarmupSteps", new() { Steps = 3, CriticWarmupSteps = 3 }),
        ("GenerationBatch", new() { GenerationBatch = 0 }),
        ("GenerationCacheBytes", new() { GenerationCacheBytes = -1 }),
        ("ScoringBatch", new() { ScoringBatch = -1 }),
    ];

    [Test]
    public void The_defaults_are_valid() => Assert.That(new PpoOptions().Validate, Throws.Nothing);

    [Test]
    public void An_option_out_of_range_is_named() => Assert.Multiple(() =>
    {
        foreach ((string name, PpoOptions options) in Bad)
        {
            Assert.That(
                options.Validate,
                Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo(name),
                name);
        }
    });

    [Test]
    public void The_defaults_are_those_of_the_numerics()
    {
        var options = new PpoOptions();
        var adamw = new AdamWOptions { Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-5, WeightDecay = 0, MaxGradientNorm = 1 };
        Assert.Multiple(() =>
        {
            Assert.That((options.Gamma, options.Lambda), Is.EqualTo((1.0, 0.95)));
            Assert.That((options.ClipLow, options.ClipHigh, options.DualClip), Is.EqualTo((0.2, 0.2, 3.0)));
            Assert.That((options.Epochs, options.Minibatches), Is.EqualTo((4, 1)));
            Assert.That((options.ValueClip, options.ValueClipUnit), Is.EqualTo((0.5, ValueClipUnit.ScoreDeviation)));
            Assert.That((options.RewardClip, options.MissingEndPenalty), Is.EqualTo((10.0, 1.0)));
            Assert.That((options.Kl.Coefficient, options.Kl.Adaptive), Is.EqualTo((0.05, false)));
            Assert.That((options.Kl.Target, options.Kl.Horizon), Is.EqualTo((6.0, 10000.0)));
            Assert.That(options.Actor.AdamW, Is.EqualTo(adamw));
            Assert.That(options.Critic.AdamW, Is.EqualTo(adamw));
            Assert.That((options.Actor.Schedule, options.Actor.WarmupFraction), Is.EqualTo((ScheduleKind.Linear, 0.03)));
        });
    }

    [TestCase(260_000, 1e-5)]
    [TestCase(200_000_000, 1e-5)]
    [TestCase(1_100_000_000, 3e-6)]
    [TestCase(7_000_000_000, 1e-6)]
    public void The_actors_rate_falls_with_its_size(long parameters, double rate)
    {
        var options = new PpoOptions { Actor = new() { WarmupFraction = 0 }, Critic = new() { WarmupFraction = 0 } };
        var schedules = new PpoSchedules(options, parameters);
        Assert.Multiple(() =>
        {
            Assert.That(schedules.Actor(0), Is.EqualTo(rate));
            Assert.That(schedules.Critic(0), Is.EqualTo(1e-5));
        });
    }

    [Test]
    public void Rates_rise_and_fall_over_the_optimizer_steps_of_the_model()
    {
        var options = new PpoOptions
        {
            Steps = 11,
            Epochs = 5,
            Minibatches = 2,
            CriticWarmupSteps = 1,
            Actor = new() { LearningRate = 1, WarmupFraction = 0.1 },
            Critic = new() { LearningRate = 1, WarmupFraction = 0, Schedule = ScheduleKind.Constant },
        };
        var schedules = new PpoSchedules(options, 1);
        Assert.Multiple(() =>
        {
            Assert.That(schedules.Actor(0), Is.EqualTo(0.1).Within(1e-12), "the first update is not a no-op");
            Assert.That(schedules.Actor(9), Is.EqualTo(1).Within(1e-12));
            Assert.That(schedules.Actor(98), Is.EqualTo(1 / 90.0).Within(1e-12));
            Assert.That(schedules.Critic(109), Is.EqualTo(1));
        });
    }
}
