using Proximal.Data;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Tests.Models;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Training.Ppo;

/// <summary>A tiny actor on its own engine, prompts of one digit, and a reward for counting on from it.</summary>
internal sealed class PpoBench : IDisposable
{
    public const int Digits = 10;

    /// <summary>Below the digits stand the special tokens, as in real vocabularies.</summary>
    public const int FirstDigit = 3;

    private readonly TemporaryFolder _folder = new();

    public PpoBench(double scale = 0.3)
    {
        Engine = new Engine(new EngineOptions { Threads = 1 });
        Actor = LanguageModel.Load(
            Engine,
            new TinyModel { Vocabulary = FirstDigit + Digits, Hidden = 16, Context = 32, Tied = false, Scale = scale }.Write(_folder["model"]));
    }

    /// <summary>Small and quick: 16 responses of 6 tokens, 2 epochs of 2 minibatches.</summary>
    public static PpoOptions Quick { get; } = new()
    {
        Steps = 4,
        PromptsPerStep = 16,
        MaxNewTokens = 6,
        Epochs = 2,
        Minibatches = 2,
        MicroBatchSequences = 3,
        MissingEndPenalty = 0,
        Kl = new PpoKlOptions { Coefficient = 0.02 },
        Actor = new OptimizerOptions { LearningRate = 3e-3 },
        Critic = new OptimizerOptions { LearningRate = 3e-3 },
        CriticWarmupSteps = 0,
    };

    /// <summary>The share of a response's tokens that count on from their forerunner: 0, 1, ..., 9, 0, ...</summary>
    public static DelegateReward Counting { get; } =
        new("counting", row => RightTokens(row).Count(right => right) / (double)row.ResponseTokens.Length);

    /// <summary>The same as token rewards: each right token has its share.</summary>
    public static DelegateReward DenseCounting { get; } = new("dense", (batch, _) => ValueTask.FromResult(new RewardResult
    {
        Scores = new float[batch.Count],
        TokenRewards =
        [
            .. batch.Rows.SelectMany(row => RightTokens(row).Select(right => right ? 1f / row.ResponseTokens.Length : 0)),
        ],
    }));

    public Engine Engine { get; }

    public LanguageModel Actor { get; }

    public PpoSetup Setup(PpoOptions options, IReward? reward = null, ulong seed = 7) => new()
    {
        Actor = Actor,
        Reward = reward ?? Counting,
        Prompts = [.. Enumerable.Range(FirstDigit, Digits).Select(digit => new Prompt { Tokens = [1, digit] })],
        Options = options,
        Seed = seed,
    };

    public void Dispose()
    {
        Actor.Dispose();
        Engine.Dispose();
        _folder.Dispose();
    }

    /// <summary>All weights of a model, end to end.</summary>
    public static float[] Weights(LanguageModel model) =>
        [.. model.Tensors.SelectMany(tensor => model.ReadTensor(tensor.Index))];

    /// <summary>All steps of a run.</summary>
    public static async Task<List<PpoStep>> Run(PpoSetup setup)
    {
        using var trainer = new PpoTrainer(setup);
        var steps = new List<PpoStep>();
        await foreach (PpoStep step in trainer.RunAsync())
        {
            steps.Add(step);
        }

        return steps;
    }

    private static IEnumerable<bool> RightTokens(RewardRow row)
    {
        int last = row.PromptTokens[^1];
        foreach (int token in row.ResponseTokens)
        {
            yield return token == FirstDigit + ((last - FirstDigit + 1) % Digits);
            last = token;
        }
    }
}
