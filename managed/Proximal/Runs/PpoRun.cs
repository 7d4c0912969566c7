using Microsoft.Extensions.Logging;
using Proximal.Configuration;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Tokenization;
using Proximal.Training.Ppo;

namespace Proximal.Runs;

/// <summary>A PPO run: reads what the options name, trains, and leaves a run folder.</summary>
public sealed partial class PpoRun
{
    /// <summary>Validation draws other random numbers than training.</summary>
    private const ulong ValidationSeed = 0x76616C6964617465;

    /// <summary>The event of a step's warning in the log.</summary>
    internal const int StepWarning = 10;

    private readonly PpoRunOptions _options;
    private readonly ILogger? _logger;

    /// <summary>Makes a run; nothing is read or written yet.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="logger">Is told warnings; <see langword="null"/>: nobody.</param>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public PpoRun(PpoRunOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _logger = logger;
    }

    /// <summary>Does the whole run.</summary>
    /// <param name="progress">Is told what the run does, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run at its last committed step; this always throws then.</param>
    /// <exception cref="DataFileException">A prompt file or lexicon cannot be used.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder holds a run already or cannot be written.</exception>
    /// <exception cref="RewardException">A reward failed.</exception>
    /// <exception cref="ProximalException">A model cannot be used, or a number is not finite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<PpoRunResult> RunAsync(
        IProgress<PpoProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => TrainAsync(progress, cancellationToken), cancellationToken);

    private async Task<PpoRunResult> TrainAsync(IProgress<PpoProgress>? progress, CancellationToken cancellationToken)
    {
        Report(progress, 0, PpoPhase.Loading);
        string output = _options.Resolve(_options.Output);
        RunFolder.CheckFree(output, _options.Overwrite);
        IReadOnlyList<Prompt> prompts = PromptFile.Read(_options.Resolve(_options.Prompts.Path), _options.Prompts.Field);
        IReadOnlyList<Prompt> validationPrompts = ReadValidationPrompts();
        IReadOnlyList<SftExample> ptx = _options.Ptx is { } mix ? SftFile.Read(_options.Resolve(mix.Path), mix.Fields) : [];
        string tokenizerPath = _options.TokenizerPath();
        Tokenizer tokenizer = Tokenizer.Load(tokenizerPath);

        using var engine = new Engine(new EngineOptions { Threads = _options.Threads, Logger = _logger });
        using var rewards = new RewardContext(_options.Resolve, engine);
        MixtureReward reward = CreateReward(rewards);
        using LanguageModel actor = Load(engine, "model", _options.Model, ModelHead.LanguageModel);
        RewardVocabulary.Check(reward.Parts.Select(part => part.Reward), actor);
        using LanguageModel? reference = _options.Reference is { } referencePath
            ? Load(engine, "reference", referencePath, ModelHead.LanguageModel)
            : null;
        using LanguageModel? critic = OpenCritic(engine);
        using var trainer = new PpoTrainer(new PpoSetup
        {
            Actor = actor,
            Reference = reference,
            Critic = critic,
            Reward = reward,
            Prompts = Encode(prompts, tokenizer, actor),
            Tokenizer = tokenizer,
            Ptx = Mix(ptx, tokenizer, actor),
            Options = _options.Ppo,
            Seed = _options.Seed,
        });
        PpoValidator? validator = _options.Validation is null
            ? null
            : new PpoValidator(
                Encode(validationPrompts, tokenizer, actor),
                _options.Validation.Samples,
                reward,
                tokenizer,
                _options.Seed ^ ValidationSeed);

        using RunFolder folder = RunFolder.Create(output, _options.Overwrite);
        folder.WriteConfiguration(ConfigurationWriter.Write(_options, _options.Resolve));
        return await Reporter(tokenizerPath).AroundAsync(folder.Path, async () =>
        {
            Dictionary<string, double> last = await StepsAsync(trainer, validator, folder, progress, cancellationToken)
                .ConfigureAwait(false);
            Report(progress, trainer.Step, PpoPhase.Saving);
            return new PpoRunResult(folder.Path, Save(trainer, folder, RunModels.FolderOf(tokenizerPath)), trainer.Step, last);
        }).ConfigureAwait(false);
    }

    /// <summary>Writes the actor, and its average where one was kept.</summary>
    /// <returns>The actor's folder.</returns>
    private string Save(PpoTrainer trainer, RunFolder folder, string tokenizer)
    {
        string model = folder.WriteModel(trainer.Actor, tokenizer);
        if (_options.Ppo.Ema is not null)
        {
            using LanguageModel average = trainer.CreateAverage();
            folder.WriteModel(average, tokenizer, RunFolder.AverageFolder);
        }

        return model;
    }

    private RunReporter Reporter(string tokenizer) => new(
        new RunSummary
        {
            Kind = RunKind.Ppo,
            State = RunState.Running,
            Started = TimeProvider.System.GetUtcNow(),
            PlannedSteps = _options.Ppo.Steps,
            Tokenizer = tokenizer,
        },
        TimeProvider.System,
        _logger);

    private async Task<Dictionary<string, double>> StepsAsync(
        PpoTrainer trainer,
        PpoValidator? validator,
        RunFolder folder,
        IProgress<PpoProgress>? progress,
        CancellationToken cancellationToken)
    {
        var last = new Dictionary<string, double>();
        IReadOnlyDictionary<string, double> start =
            await MeasureAsync(trainer, validator, progress, cancellationToken).ConfigureAwait(false);
        if (start.Count > 0)
        {
            Commit(0, start, [], folder, progress, last);
        }

        await foreach (PpoStep step in trainer.RunAsync(progress, cancellationToken).ConfigureAwait(false))
        {
            var metrics = new OrderedDictionary<string, double>(step.Metrics);
            if (IsMeasured(step.Step))
            {
                foreach ((string name, double value) in
                    await MeasureAsync(trainer, validator, progress, cancellationToken).ConfigureAwait(false))
                {
                    metrics[name] = value;
                }
            }

            if (_options.SamplesEvery > 0 && step.Step % _options.SamplesEvery == 0)
            {
                folder.WriteSamples(step);
            }

            Commit(step.Step, metrics, step.Warnings, folder, progress, last);
        }

        return last;
    }

    private void Commit(
        int step,
        IReadOnlyDictionary<string, double> metrics,
        IReadOnlyList<string> warnings,
        RunFolder folder,
        IProgress<PpoProgress>? progress,
        Dictionary<string, double> last)
    {
        folder.WriteMetrics(step, metrics, warnings);
        foreach (string warning in warnings)
        {
            if (_logger is not null)
            {
                Warn(_logger, step, warning);
            }
        }

        foreach ((string name, double value) in metrics)
        {
            last[name] = value;
        }

        progress?.Report(new PpoProgress
        {
            Step = step,
            Steps = _options.Ppo.Steps,
            Phase = PpoPhase.Committed,
            Metrics = metrics,
            Warnings = warnings,
        });
    }

    private async Task<IReadOnlyDictionary<string, double>> MeasureAsync(
        PpoTrainer trainer, PpoValidator? validator, IProgress<PpoProgress>? progress, CancellationToken cancellationToken)
    {
        if (validator is null)
        {
            return new Dictionary<string, double>();
        }

        Report(progress, trainer.Step, PpoPhase.Validation, 0, validator.Responses);
        var responses = new SynchronousProgress<Rollouts.GenerationProgress>(generation =>
            Report(progress, trainer.Step, PpoPhase.Validation, generation.Finished, generation.Total));
        return await validator.MeasureAsync(trainer, _options.Ppo, responses, cancellationToken).ConfigureAwait(false);
    }

    private bool IsMeasured(int step) =>
        _options.Validation is { } validation && (step % validation.Every == 0 || step == _options.Ppo.Steps);

    private MixtureReward CreateReward(RewardContext context) =>
        new(_options.Rewards.Select(reward => new WeightedReward(reward.Create(context), reward.Weight)));

    private IReadOnlyList<Prompt> ReadValidationPrompts() => _options.Validation is { } validation
        ? PromptFile.Read(_options.Resolve(validation.Prompts), validation.Field)
        : [];

    private IReadOnlyList<Prompt> Encode(IReadOnlyList<Prompt> prompts, Tokenizer tokenizer, LanguageModel actor) =>
        PromptEncoder.Encode(prompts, tokenizer, actor.Info.ContextLength, _options.Ppo.MaxNewTokens);

    /// <summary>A model of its own, or the trunk of the first reward model with a head of zeros; else the trainer copies the actor.</summary>
    private LanguageModel? OpenCritic(Engine engine) => _options switch
    {
        { Critic: { } path } => Load(engine, "critic", path, ModelHead.Scalar),
        { CriticFrom: not CriticStart.Model, RewardModelPath: { } path } =>
            LanguageModel.Load(engine, _options.Resolve(path), ModelHead.Scalar, HeadInitialization.Zero),
        _ => null,
    };

    private PpoPtx? Mix(IReadOnlyList<SftExample> examples, Tokenizer tokenizer, LanguageModel actor)
    {
        if (_options.Ptx is not { } options)
        {
            return null;
        }

        IReadOnlyList<SftExample> encoded = options.CreateEncoder(tokenizer, actor).Encode(examples, out int dropped);
        if (dropped > 0 && _logger is not null)
        {
            LeftOut(_logger, dropped, examples.Count);
        }

        return new PpoPtx { Examples = encoded, Coefficient = options.Coefficient, Sequences = options.Sequences };
    }

    private LanguageModel Load(Engine engine, string key, ModelSource source, ModelHead head) =>
        RunModels.Open(engine, key, source, _options.Resolve, head);

    private void Report(IProgress<PpoProgress>? progress, int step, PpoPhase phase, long done = 0, long total = 0) =>
        progress?.Report(new PpoProgress
        {
            Step = step,
            Steps = _options.Ppo.Steps,
            Phase = phase,
            Done = done,
            Total = total,
        });

    [LoggerMessage(EventId = 12, Level = LogLevel.Warning, Message = "ptx: {Dropped} of {Count} examples are too long and left out")]
    private static partial void LeftOut(ILogger logger, int dropped, int count);

    [LoggerMessage(EventId = StepWarning, Level = LogLevel.Warning, Message = "Step {Step}: {Warning}")]
    private static partial void Warn(ILogger logger, int step, string warning);
}
