using Proximal.Tests.Cli;
using Proximal.Tests.Models;
using Proximal.Training;
using Proximal.Training.Ppo;
using Proximal.Training.RewardModel;
using Proximal.Training.Sft;
using Proximal.WarmStories;

namespace Proximal.Tests.WarmStories;

/// <summary>A demo of seconds: a model of some hundred weights, stories of some letters.</summary>
internal sealed class TinyDemo : IDisposable
{
    private readonly TinyFolder _tiny = new(new TinyModel { Context = 96 });

    public TinyDemo() => Triples = _tiny.Write("triples.jsonl", string.Concat(Rows()));

    /// <summary>The file of triples.</summary>
    public string Triples { get; }

    /// <summary>The path of something beside it.</summary>
    public string this[params string[] parts] => _tiny[parts];

    /// <summary>Options for a folder beside it.</summary>
    public DemoOptions Options(string output, ulong seed = 1) => new()
    {
        Output = _tiny[output],
        Seed = seed,
        Threads = 1,
        Recipe = new DemoRecipe
        {
            BaseModel = _tiny.Model,
            Preferences = Triples,
            EndTokenId = TinyTokenizer.End,
            MaxNewTokens = 8,
            HeldOut = 0.25,
            MeasureEvery = 2,
            MeasureSamples = 1,
            EvaluationSamples = 2,
            Sft = new SftOptions { Epochs = 2, BatchSize = 4, Optimizer = new OptimizerOptions { LearningRate = 1e-2 } },
            RewardModel = new RewardModelOptions { Epochs = 2, BatchSize = 4, KeepBest = false, Optimizer = new OptimizerOptions { LearningRate = 1e-2 } },
            Ppo = new PpoOptions
            {
                Steps = 4,
                PromptsPerStep = 4,
                Epochs = 2,
                Minibatches = 2,
                Actor = new OptimizerOptions { LearningRate = 1e-2 },
                Critic = new OptimizerOptions { LearningRate = 1e-2 },
            },
        },
    };

    /// <summary>Writes a file beside it.</summary>
    public string Write(string name, string text) => _tiny.Write(name, text);

    public void Dispose() => _tiny.Dispose();

    /// <summary>Twelve prompts for training, four for tests, two triples each.</summary>
    private static IEnumerable<string> Rows() =>
        from i in Enumerable.Range(0, 16)
        from lacks in new[] { "act", "ending" }
        select $$"""{"prompt":"{{(char)('a' + i)}} {{(char)('b' + i)}}","chosen":"hug {{(lacks == "act" ? "he" : "she")}}","rejected":"{{(lacks == "act" ? "cold" : "no")}}","lacks":"{{lacks}}","split":"{{(i < 12 ? "train" : "test")}}"}""" + "\n";
}
