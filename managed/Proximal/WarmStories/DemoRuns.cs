using Proximal.Evaluation;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;

namespace Proximal.WarmStories;

/// <summary>The options of every run of a demo: the same as `proximal sft`, `rm`, `ppo` and `eval` take from a file.</summary>
/// <param name="options">The demo's options.</param>
/// <param name="folder">Where everything lies.</param>
internal sealed class DemoRuns(DemoOptions options, DemoFolder folder)
{
    /// <summary>The name of the reward model's curves.</summary>
    public const string Warmth = "warmth";

    /// <summary>The name of the judge's curves.</summary>
    public const string JudgeName = "judge";

    /// <summary>The base model among an evaluation's references.</summary>
    public const string BaseName = "base";

    /// <summary>Between a prompt and its story.</summary>
    private const string Separator = " ";

    /// <summary>The judge draws other numbers than the reward model.</summary>
    private const ulong JudgeSeed = 0x6A75646765;

    /// <summary>The evaluation draws other numbers than training.</summary>
    private const ulong EvaluationSeed = 0x6576616C;

    private const int NormalizationSamples = 2;

    private readonly DemoRecipe _recipe = options.Recipe;

    /// <summary>A run of some seconds needs no checkpoints but the one of an interruption.</summary>
    private static CheckpointOptions Checkpoints { get; } = new() { Every = 0, KeepLast = 1 };

    private SamplingOptions Sampling => new() { Temperature = _recipe.Temperature };

    private int[]? StopTokens => _recipe.EndTokenId is { } end ? [end] : null;

    public SftRunOptions Sft() => new()
    {
        Model = folder.Base,
        Output = folder.Sft,
        Data = new SftDataOptions { Path = folder.Stories, Separator = Separator, EndTokenId = _recipe.EndTokenId },
        Validation = new SupervisedValidationOptions { Fraction = _recipe.HeldOut },
        Sft = _recipe.Sft,
        Seed = options.Seed,
        Threads = options.Threads,
        Checkpoints = Checkpoints,
    };

    public RewardModelRunOptions RewardModel() => Scorer(folder.RewardModel, folder.RewardTriples, options.Seed);

    public RewardModelRunOptions Judge() => Scorer(folder.Judge, folder.JudgeTriples, options.Seed ^ JudgeSeed);

    /// <summary>PPO from the fine-tuned model, which is also the reference, or with another reference.</summary>
    public PpoRunOptions Ppo(string output, string? reference = null) => new()
    {
        Model = DemoFolder.ModelOf(folder.Sft),
        Reference = reference,
        Output = output,
        Prompts = new PromptsOptions { Path = folder.TrainingPrompts },
        Rewards =
        [
            Reward(Warmth, folder.RewardModel),
            new RepetitionRewardOptions { Weight = -_recipe.RepetitionPenalty },
            Reward(JudgeName, folder.Judge) with { Weight = 0 },
        ],
        Ppo = _recipe.Ppo with { MaxNewTokens = _recipe.MaxNewTokens, StopTokenIds = StopTokens, Sampling = Sampling },
        Validation = new ValidationOptions { Prompts = folder.TestPrompts, Samples = _recipe.MeasureSamples, Every = _recipe.MeasureEvery },
        Seed = options.Seed,
        Threads = options.Threads,
        Checkpoints = Checkpoints,
    };

    /// <summary>A model against a baseline on the test prompts, by the reward model and by the judge.</summary>
    public EvaluationRunOptions Evaluation(string output, string baseline, string model) => new()
    {
        Baseline = baseline,
        Model = model,
        Prompts = new PromptsOptions { Path = folder.TestPrompts },
        Rewards = [Reward(Warmth, folder.RewardModel)],
        Judge = Reward(JudgeName, folder.Judge),
        References = new Dictionary<string, string> { [BaseName] = folder.Base },
        Evaluation = new EvaluationOptions
        {
            Samples = _recipe.EvaluationSamples,
            MaxNewTokens = _recipe.MaxNewTokens,
            StopTokenIds = StopTokens,
            Sampling = Sampling,
            ToxicitySamples = 0,
            Seed = options.Seed ^ EvaluationSeed,
        },
        Output = output,
        Overwrite = true,
        Threads = options.Threads,
    };

    private RewardModelRunOptions Scorer(string output, string triples, ulong seed) => new()
    {
        Model = DemoFolder.ModelOf(folder.Sft),
        Output = output,
        Data = new PreferenceDataOptions { Path = triples, Separator = Separator, EndTokenId = _recipe.EndTokenId },
        Validation = new SupervisedValidationOptions { Path = folder.TestTriples },
        RewardModel = _recipe.RewardModel,
        Normalization = new NormalizationOptions
        {
            Prompts = new PromptsOptions { Path = folder.TrainingPrompts },
            Samples = NormalizationSamples,
            MaxNewTokens = _recipe.MaxNewTokens,
            Temperature = _recipe.Temperature,
            StopTokenIds = StopTokens,
        },
        Seed = seed,
        Threads = options.Threads,
        Checkpoints = Checkpoints,
    };

    private static RewardModelRewardOptions Reward(string name, string run) => new() { Name = name, Path = DemoFolder.ModelOf(run) };
}
