using NUnit.Framework;
using Proximal.Configuration;
using Proximal.Models;
using Proximal.Tests.Interop;
using Proximal.Training.Ppo;
using Proximal.Training.Sft;

namespace Proximal.Tests.Training.Learning;

/// <summary>SFT on random walks, then PPO on their optimality, from random weights; the settings are bench/random-walks'.</summary>
public sealed class RandomWalkTests
{
    private const int Measured = 5;

    [Test]
    public void The_graph_is_the_one_of_NumPys_generator()
    {
        var random = new MersenneTwister(5489);
        uint last = 0;
        for (int i = 0; i < 10000; i++)
        {
            last = random.NextUInt32();
        }

        var walks = new RandomWalks();
        Assert.Multiple(() =>
        {
            Assert.That(last, Is.EqualTo(4123659995), "the value that the C++ standard gives for mt19937");
            Assert.That(walks.Shortest.Skip(1), Is.All.InRange(2, RandomWalks.Longest - 1), "every node has a walk that is worth something");
            Assert.That(walks.Walks(1000, 1), Is.All.Matches<Proximal.Data.SftExample>(walk => walk.Tokens.Length is > 2 and <= RandomWalks.Longest + 1));
            Assert.That(walks.Optimality([5, RandomWalks.End]), Is.Zero);
        });
    }

    [Test]
    public Task Walks_become_nearly_optimal() => Learns(seed: 1);

    [Category("Long")]
    [TestCase(2ul)]
    [TestCase(3ul)]
    public Task Walks_become_nearly_optimal_for_other_seeds_too(ulong seed) => Learns(seed);

    private static async Task Learns(ulong seed)
    {
        var walks = new RandomWalks();
        using var engine = new Engine();
        using LanguageModel actor = LanguageModel.Create(engine, Tool.InRepository("bench", "random-walks", "config.json"), seed);
        using var sft = new SftTrainer(new SftSetup
        {
            Model = actor,
            Examples = walks.Walks(1000, seed),
            Options = Options<SftOptions>("sft.yaml"),
            Seed = seed,
        });
        await foreach (Proximal.Training.Supervised.SupervisedStep step in sft.RunAsync())
        {
            if (step.Step == sft.Steps)
            {
                TestContext.Out.WriteLine($"seed {seed}: SFT loss {step.Metrics["train/loss"]:F3}");
            }
        }

        sft.Dispose();
        using var ppo = new PpoTrainer(new PpoSetup
        {
            Actor = actor,
            Reward = walks.Reward,
            Prompts = walks.Prompts,
            Options = Options<PpoOptions>("ppo.yaml"),
            Seed = seed,
        });
        var optimality = new List<double>();
        await foreach (PpoStep step in ppo.RunAsync())
        {
            optimality.Add(step.Metrics["objective/scores"]);
        }

        TestContext.Out.WriteLine(string.Join(' ', optimality.Select(value => $"{value:F3}")));
        Assert.Multiple(() =>
        {
            Assert.That(optimality[0], Is.LessThan(0.8), "random walks are not optimal");
            Assert.That(optimality[^Measured..].Average(), Is.GreaterThan(0.9));
        });
    }

    private static T Options<T>(string file)
        where T : class => ConfigurationBinder.Bind<T>(Tool.InRepository("bench", "random-walks", file));
}
