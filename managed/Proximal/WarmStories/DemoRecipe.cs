using Proximal.Training;
using Proximal.Training.Ppo;
using Proximal.Training.RewardModel;
using Proximal.Training.Sft;

namespace Proximal.WarmStories;

/// <summary>The settings of the demo: what suits a model of about a million parameters and a few hundred stories.</summary>
internal sealed record DemoRecipe
{
    /// <summary>A base model of one's own; <see langword="null"/>: the embedded one.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Preference triples of one's own; <see langword="null"/>: the embedded ones.</summary>
    public string? Preferences { get; init; }

    /// <summary>The token that ends a story; <see langword="null"/>: the tokenizer's.</summary>
    public int? EndTokenId { get; init; }

    /// <summary>The most tokens of a story.</summary>
    public int MaxNewTokens { get; init; } = 160;

    /// <summary>Logits are divided by it wherever a story is sampled. At 1 a model of this size makes up every tenth word.</summary>
    public double Temperature { get; init; } = 0.7;

    /// <summary>Share of the training prompts whose stories only choose when fine-tuning stops.</summary>
    public double HeldOut { get; init; } = 0.1;

    /// <summary>Steps of PPO from one measurement on the test prompts to the next.</summary>
    public int MeasureEvery { get; init; } = 4;

    /// <summary>Stories to each test prompt in such a measurement.</summary>
    public int MeasureSamples { get; init; } = 2;

    /// <summary>Stories of each model to each test prompt in the evaluation.</summary>
    public int EvaluationSamples { get; init; } = 4;

    /// <summary>Fine-tuning.</summary>
    public SftOptions Sft { get; init; } = new()
    {
        Epochs = 4,
        BatchSize = 8,
        MicroBatchTokens = 4096,
        Optimizer = new OptimizerOptions { LearningRate = 1e-3, Schedule = ScheduleKind.Cosine },
    };

    /// <summary>
    /// Reward model and judge. The last weights are kept, not the best: the test triples are measured along the way, and what
    /// measures must not choose.
    /// </summary>
    public RewardModelOptions RewardModel { get; init; } = new()
    {
        Epochs = 6,
        BatchSize = 16,
        MicroBatchTokens = 4096,
        KeepBest = false,
        Optimizer = new OptimizerOptions { LearningRate = 1e-3, Schedule = ScheduleKind.Cosine },
    };

    /// <summary>
    /// Taken off the score of a story all of whose word triples occur twice or more; stories have shares of a few hundredths.
    /// A reward model of this size does not mind repetition enough.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 10;

    /// <summary>Both PPO runs.</summary>
    public PpoOptions Ppo { get; init; } = new()
    {
        Steps = 20,
        PromptsPerStep = 64,
        Epochs = 2,
        Minibatches = 4,
        MissingEndPenalty = 1,
        Kl = new PpoKlOptions { Coefficient = 0.05 },
        Actor = new OptimizerOptions { LearningRate = 3e-4 },
        Critic = new OptimizerOptions { LearningRate = 1e-3 },
    };
}
