using NUnit.Framework;
using Proximal.Configuration;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tests.Interop;
using Proximal.Tests.Models;
using Proximal.Tokenization;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Learning;

/// <summary>PPO alone learns verl's digit completion from random weights; the settings are bench/digit-completion's.</summary>
public sealed class DigitCompletionTests
{
    private const int Measured = 5;

    [TestCase("1,2:9,3", "3,4,5")]
    [TestCase("9,0:9,2", "0,0")]
    [TestCase("5,3:9,4", "1,8,6,4")]
    [TestCase("4,4:9,0", "")]
    public void The_answers_are_those_of_the_task(string prompt, string answer) =>
        Assert.That(DigitCompletion.Answer(prompt), Is.EqualTo(answer));

    [Test]
    public async Task Right_characters_are_rewarded_up_to_the_first_wrong_one()
    {
        using var folder = new TemporaryFolder();
        Tokenizer tokenizer = Tokenizer.Load(CharacterTokenizer.Write(folder["tokenizer"], DigitCompletion.Characters));
        int[] Ids(string text) => tokenizer.Encode(text, addSpecialTokens: false);
        RewardRow Row(params int[] response) => new()
        {
            PromptTokens = tokenizer.Encode("1,2:9,3"),
            PromptText = "1,2:9,3",
            ResponseTokens = response,
            FinishReason = FinishReason.Stop,
        };
        RewardResult result = await DigitCompletion.Reward(tokenizer).ScoreAsync(
            new RewardBatch([Row([.. Ids("3,4,5"), 2]), Row([.. Ids("3,5,5"), 2]), Row(Ids(","))]));
        float share = 1f / 6;
        Assert.Multiple(() =>
        {
            Assert.That(result.Scores, Is.EqualTo(new float[3]));
            Assert.That(result.TokenRewards, Is.EqualTo(new[] { share, share, share, share, share, share, share, share, 0, 0, 0, 0, 0 }));
            Assert.That(result.Components["tokens"], Is.EqualTo(new[] { 1, 2 * share, 0 }).Within(1e-6f));
        });
    }

    [Category("Long")]
    [TestCase(1ul)]
    [TestCase(2ul)]
    [TestCase(3ul)]
    public async Task Numbers_are_completed_after_training(ulong seed)
    {
        using var folder = new TemporaryFolder();
        Tokenizer tokenizer = Tokenizer.Load(CharacterTokenizer.Write(folder["tokenizer"], DigitCompletion.Characters));
        using var engine = new Engine();
        using LanguageModel actor = LanguageModel.Create(engine, Tool.InRepository("bench", "digit-completion", "config.json"), seed);
        PpoOptions options = ConfigurationBinder.Bind<PpoOptions>(Tool.InRepository("bench", "digit-completion", "ppo.yaml"));
        using var ppo = new PpoTrainer(new PpoSetup
        {
            Actor = actor,
            Reward = DigitCompletion.Reward(tokenizer),
            Prompts = DigitCompletion.Prompts(tokenizer),
            Tokenizer = tokenizer,
            Options = options,
            Seed = seed,
        });
        var rewards = new List<double>();
        await foreach (PpoStep step in ppo.RunAsync())
        {
            rewards.Add(step.Metrics["reward/digits/tokens"]);
            if (step.Step % 10 == 0)
            {
                TestContext.Progress.WriteLine(
                    $"seed {seed} step {step.Step}: reward {rewards[^1]:F3}, entropy {step.Metrics["policy/entropy"]:F3}, {step.Metrics["time/total_s"]:F1} s");
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(rewards[0], Is.LessThan(0.2), "random weights complete nothing");
            Assert.That(rewards[^Measured..].Average(), Is.GreaterThan(0.9));
        });
    }
}
