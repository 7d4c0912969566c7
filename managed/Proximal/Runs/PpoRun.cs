using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Proximal.ChatTemplates;
using Proximal.Configuration;
using Proximal.Data;
using Proximal.Data.Formats;
using Proximal.Diagnostics;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Runs.Checkpoints;
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
    /// <param name="cancellationToken">Ends the run at its last committed step, of which it leaves a checkpoint; this always throws then.</param>
    /// <exception cref="DataFileException">A prompt file or lexicon cannot be used.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder holds a run already, is in use by one, or cannot be written.</exception>
    /// <exception cref="RewardException">A reward failed; the last committed step has a checkpoint.</exception>
    /// <exception cref="ProximalException">A model cannot be used, or a number is not finite.</exception>
    /// <exception cref="RunInterruptedException">The token was cancelled.</exception>
    public Task<PpoRunResult> RunAsync(
        IProgress<PpoProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => TrainAsync(resume: false, progress, cancellationToken), cancellationToken);

    /// <summary>
    /// Goes on with the run in the output folder from its latest checkpoint that is whole; what follows equals what an
    /// uninterrupted run does bit for bit, but for the time it takes. Without a checkpoint the run starts from the beginning;
    /// a finished one is left alone.
    /// </summary>
    /// <param name="progress">Is told what the run does, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run at its last committed step, of which it leaves a checkpoint; this always throws then.</param>
    /// <exception cref="CheckpointException">All checkpoints are damaged, or an option has changed that may not.</exception>
    /// <exception cref="DataFileException">A prompt file or lexicon cannot be used.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder is in use by a run, or cannot be written.</exception>
    /// <exception cref="RewardException">A reward failed; the last committed step has a checkpoint.</exception>
    /// <exception cref="ProximalException">A model cannot be used, or a number is not finite.</exception>
    /// <exception cref="RunInterruptedException">The token was cancelled.</exception>
    public Task<PpoRunResult> ResumeAsync(
        IProgress<PpoProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => TrainAsync(resume: true, progress, cancellationToken), cancellationToken);

    private async Task<PpoRunResult> TrainAsync(
        bool resume, IProgress<PpoProgress>? progress, CancellationToken cancellationToken)
    {
        Report(progress, 0, PpoPhase.Loading);
        string tokenizerPath = _options.TokenizerPath();
        using RunSession session = RunSession.Begin(_options, RunKind.Ppo, _options.Ppo.Steps, resume, _logger);
        Tell(progress, session.Story);
        if (session.IsFinished)
        {
            return Finished(session);
        }

        var notes = new List<string>();
        IReadOnlyList<Prompt> prompts = _options.Prompts.Read(_options.Resolve, _options.Seed, notes);
        IReadOnlyList<Prompt> validationPrompts = ReadValidationPrompts(notes);
        IReadOnlyList<SftExample> examples = ReadExamples(notes);
        Tokenizer tokenizer = _options.LoadTokenizer();

        using var engine = session.StartEngine(_options, _logger);
        using var rewards = new RewardContext(_options.Resolve, engine);
        MixtureReward reward = CreateReward(rewards);
        using LanguageModel actor = Load(engine, "model", _options.Model, ModelHead.LanguageModel);
        RewardVocabulary.Check(reward.Parts.Select(part => part.Reward), actor);
        using LanguageModel? reference = _options.Reference is { } referencePath
            ? Load(engine, "reference", referencePath, ModelHead.LanguageModel)
            : null;
        using LanguageModel? critic = OpenCritic(engine);
        bool converses = prompts.Concat(validationPrompts).Any(prompt => prompt.Conversation is not null)
            || examples.Any(example => example.Conversation is not null);
        ChatEncoder? chat = _options.CreateChat(converses, tokenizer, session.Started);
        prompts = Encode("prompts", prompts, tokenizer, actor, chat, notes);
        validationPrompts = Encode("validation prompts", validationPrompts, tokenizer, actor, chat, notes);
        PpoPtx? ptx = Mix(examples, tokenizer, actor, chat, notes);
        foreach (string note in notes)
        {
            Tell(progress, note);
        }

        using var trainer = new PpoTrainer(new PpoSetup
        {
            Actor = actor,
            Reference = reference,
            Critic = critic,
            Reward = reward,
            Prompts = prompts,
            Tokenizer = tokenizer,
            Ptx = ptx,
            Options = _options.Ppo,
            Seed = _options.Seed,
        });
        PpoValidator? validator = _options.Validation is { } validation
            ? new PpoValidator(validationPrompts, validation.Samples, reward, tokenizer, _options.Seed ^ ValidationSeed)
            : null;

        session.AddInput("prompts", Fingerprint.Of(prompts));
        session.AddInput("validation", Fingerprint.Of(validationPrompts));
        session.AddInput("ptx", Fingerprint.Of(ptx?.Examples ?? []));
        session.AddInput("reference", Fingerprint.Of(trainer.Reference));
        session.AddInput("rewards", Fingerprint.OfFiles(rewards.Paths));
        RunFolder folder = session.Open(engine);
        session.Restore(trainer);
        return await Reporter(tokenizerPath, session.Started, notes).AroundAsync(folder.Path, () => session.GuardAsync(trainer, TrainAndSaveAsync, cancellationToken))
            .ConfigureAwait(false);

        async Task<PpoRunResult> TrainAndSaveAsync()
        {
            await StepsAsync(trainer, validator, session, folder, progress, cancellationToken).ConfigureAwait(false);
            Report(progress, trainer.Step, PpoPhase.Saving);
            string model = Save(trainer, folder, tokenizerPath);
            return new PpoRunResult(folder.Path, model, trainer.Step, session.Latest) { ResumedAfter = session.Resumed?.Step ?? 0 };
        }
    }

    private PpoRunResult Finished(RunSession session)
    {
        string folder = _options.Resolve(_options.Output);
        return new PpoRunResult(folder, Path.Combine(folder, RunFolder.ModelFolder), _options.Ppo.Steps, session.Latest)
        {
            ResumedAfter = session.Resumed?.Step ?? 0,
            WasFinished = true,
        };
    }

    /// <summary>Writes the actor, and its average where one was kept.</summary>
    /// <returns>The actor's folder.</returns>
    private string Save(PpoTrainer trainer, RunFolder folder, string tokenizer)
    {
        string model = folder.WriteModel(trainer.Actor, tokenizer, _options.SaveAs, chatTemplate: _options.ChatTemplatePath());
        if (_options.Ppo.Ema is not null)
        {
            using LanguageModel average = trainer.CreateAverage();
            folder.WriteModel(average, tokenizer, _options.SaveAs, RunFolder.AverageFolder, _options.ChatTemplatePath());
        }

        return model;
    }

    private RunReporter Reporter(string tokenizer, DateTimeOffset started, IReadOnlyList<string> notes) => new(
        new RunSummary
        {
            Kind = RunKind.Ppo,
            State = RunState.Running,
            Started = started,
            PlannedSteps = _options.Ppo.Steps,
            Tokenizer = tokenizer,
            Data = notes,
        },
        TimeProvider.System,
        _logger);

    private async Task StepsAsync(
        PpoTrainer trainer,
        PpoValidator? validator,
        RunSession session,
        RunFolder folder,
        IProgress<PpoProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (session.Unfinished is { } waiting)
        {
            await FinishAsync(waiting).ConfigureAwait(false);
        }
        else if (session.Resumed is null)
        {
            await FinishAsync(new UnfinishedRow(0, new Dictionary<string, double>(), [])).ConfigureAwait(false);
        }

        await foreach (PpoStep step in trainer.RunAsync(progress, cancellationToken).ConfigureAwait(false))
        {
            if (_options.SamplesEvery > 0 && step.Step % _options.SamplesEvery == 0)
            {
                folder.WriteSamples(step);
            }

            await FinishAsync(new UnfinishedRow(step.Step, step.Metrics, step.Warnings)).ConfigureAwait(false);
        }

        // The validation that belongs to a step, its row, and its checkpoint.
        async Task FinishAsync(UnfinishedRow row)
        {
            session.Announce(row);
            var metrics = new OrderedDictionary<string, double>(row.Metrics);
            if (IsMeasured(row.Step))
            {
                foreach ((string name, double value) in
                    await MeasureAsync(trainer, validator, progress, cancellationToken).ConfigureAwait(false))
                {
                    metrics[name] = value;
                }
            }

            if (metrics.Count > 0)
            {
                Commit(row.Step, metrics, row.Warnings, folder, progress);
                session.Commit(row.Step, metrics, trainer, isLast: row.Step == _options.Ppo.Steps);
            }
        }
    }

    private void Commit(
        int step,
        IReadOnlyDictionary<string, double> metrics,
        IReadOnlyList<string> warnings,
        RunFolder folder,
        IProgress<PpoProgress>? progress)
    {
        folder.WriteMetrics(step, metrics, warnings);
        foreach (string warning in warnings)
        {
            if (_logger is not null)
            {
                Warn(_logger, step, warning);
            }
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

        using Activity? activity = Activities.StartPhase(TelemetryPhase.Validation, trainer.Step);
        long start = Stopwatch.GetTimestamp();
        Report(progress, trainer.Step, PpoPhase.Validation, 0, validator.Responses);
        var responses = new SynchronousProgress<Rollouts.GenerationProgress>(generation =>
            Report(progress, trainer.Step, PpoPhase.Validation, generation.Finished, generation.Total));
        IReadOnlyDictionary<string, double> metrics =
            await validator.MeasureAsync(trainer, _options.Ppo, responses, cancellationToken).ConfigureAwait(false);
        Instruments.PhaseEnded(RunKind.Ppo, TelemetryPhase.Validation, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return metrics;
    }

    private bool IsMeasured(int step) =>
        _options.Validation is { } validation && (step % validation.Every == 0 || step == _options.Ppo.Steps);

    private MixtureReward CreateReward(RewardContext context) =>
        new(_options.Rewards.Select(reward => new WeightedReward(reward.Create(context), reward.Weight)));

    private IReadOnlyList<Prompt> ReadValidationPrompts(List<string> notes) => _options.Validation is { } validation
        ? SourceRows<Prompt>.Other(_options.Prompts, _options.Resolve(validation.Prompts), RowNames.OfPrompt(validation.Field), PromptFile.Read, notes)
        : [];

    private IReadOnlyList<SftExample> ReadExamples(List<string> notes) => _options.Ptx is { } mix
        ? SourceRows<SftExample>.Read(mix, _options.Resolve, RowNames.Of(mix.Fields), source => SftFile.Stream(source), notes).Epoch(_options.Seed, notes)
        : [];

    /// <summary>The prompts with their tokens; what was left out is noted.</summary>
    private IReadOnlyList<Prompt> Encode(string what, IReadOnlyList<Prompt> prompts, Tokenizer tokenizer, LanguageModel actor, ChatEncoder? chat, List<string> notes)
    {
        if (prompts.Count == 0)
        {
            return prompts;
        }

        IReadOnlyList<Prompt> encoded = PromptEncoder.Encode(
            prompts, tokenizer, actor.Info.ContextLength, _options.Ppo.MaxNewTokens, chat, _options.Prompts.MaxTokens, _options.Prompts.TooLong == TooLong.Drop);
        if (encoded.Count < prompts.Count)
        {
            notes.Add($"{encoded.Count} {what}; {prompts.Count - encoded.Count} longer ones were left out");
        }

        return encoded;
    }

    /// <summary>A model of its own, or the trunk of the first reward model with a head of zeros; else the trainer copies the actor.</summary>
    private LanguageModel? OpenCritic(Engine engine) => _options switch
    {
        { Critic: { } path } => Load(engine, "critic", path, ModelHead.Scalar),
        { CriticFrom: not CriticStart.Model, RewardModelPath: { } path } =>
            LanguageModel.Load(engine, _options.Resolve(path), ModelHead.Scalar, HeadInitialization.Zero),
        _ => null,
    };

    private PpoPtx? Mix(IReadOnlyList<SftExample> examples, Tokenizer tokenizer, LanguageModel actor, ChatEncoder? chat, List<string> notes)
    {
        if (_options.Ptx is not { } options)
        {
            return null;
        }

        IReadOnlyList<SftExample> encoded = options.CreateEncoder(tokenizer, actor, chat).Encode(examples, out int dropped);
        if (dropped > 0)
        {
            notes.Add($"{encoded.Count} ptx examples; {dropped} longer ones were left out");
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

    private void Tell(IProgress<PpoProgress>? progress, string? note)
    {
        if (note is not null)
        {
            progress?.Report(new PpoProgress { Step = 0, Steps = _options.Ppo.Steps, Phase = PpoPhase.Loading, Note = note });
        }
    }

    [LoggerMessage(EventId = StepWarning, Level = LogLevel.Warning, Message = "Step {Step}: {Warning}")]
    private static partial void Warn(ILogger logger, int step, string warning);
}
