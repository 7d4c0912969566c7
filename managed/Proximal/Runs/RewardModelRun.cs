using System.Globalization;
using Microsoft.Extensions.Logging;
using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Data.Formats;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Runs.Checkpoints;
using Proximal.Tokenization;
using Proximal.Training.RewardModel;
using Proximal.Training.Supervised;

namespace Proximal.Runs;

/// <summary>A run of reward-model training: reads what the options name, trains, normalises, and leaves a run folder.</summary>
public sealed class RewardModelRun
{
    private readonly RewardModelRunOptions _options;
    private readonly SupervisedRunner _runner;

    /// <summary>Makes a run; nothing is read or written yet.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="logger">Is told what the engine says; <see langword="null"/>: nobody.</param>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public RewardModelRun(RewardModelRunOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _runner = new SupervisedRunner(options, RunKind.RewardModel, logger, Prepare);
    }

    /// <summary>Does the whole run.</summary>
    /// <param name="progress">Is told what the run does, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run at its last committed step, of which it leaves a checkpoint; this always throws then.</param>
    /// <exception cref="DataFileException">A data file cannot be used.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder holds a run already or cannot be written.</exception>
    /// <exception cref="ProximalException">A model cannot be used, or a number is not finite.</exception>
    /// <exception cref="RunInterruptedException">The token was cancelled.</exception>
    public Task<SupervisedRunResult> RunAsync(
        IProgress<SupervisedProgress>? progress = null, CancellationToken cancellationToken = default) =>
        _runner.RunAsync(resume: false, progress, cancellationToken);

    /// <summary>
    /// Goes on with the run in the output folder from its latest checkpoint that is whole; what follows equals what an
    /// uninterrupted run does bit for bit, but for the time it takes. Without a checkpoint the run starts from the beginning;
    /// a finished one is left alone.
    /// </summary>
    /// <param name="progress">Is told what the run does, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run at its last committed step, of which it leaves a checkpoint; this always throws then.</param>
    /// <exception cref="CheckpointException">All checkpoints are damaged, or an option has changed that may not.</exception>
    /// <exception cref="DataFileException">A data file cannot be used.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder is in use by a run, or cannot be written.</exception>
    /// <exception cref="ProximalException">A model cannot be used, or a number is not finite.</exception>
    /// <exception cref="RunInterruptedException">The token was cancelled.</exception>
    public Task<SupervisedRunResult> ResumeAsync(
        IProgress<SupervisedProgress>? progress = null, CancellationToken cancellationToken = default) =>
        _runner.RunAsync(resume: true, progress, cancellationToken);

    private SupervisedStage Prepare(SupervisedScope scope, IProgress<SupervisedProgress>? progress, CancellationToken cancellationToken)
    {
        var notes = new List<string>();
        ScratchRows scratch = scope.Own(new ScratchRows(_options));
        (IReadOnlyList<PreferencePair> training, IReadOnlyList<PreferencePair> validation) = ReadRows(scratch, notes);
        IReadOnlyList<Prompt> prompts = _options.Normalization.Prompts?.Read(_options.Resolve, _options.Seed, notes) ?? [];
        Tokenizer tokenizer = scope.LoadTokenizer();
        LanguageModel model = scope.Own(OpenStart(scope));
        bool converses = training.Concat(validation).Any(pair => pair.ChosenConversation is not null) || prompts.Any(prompt => prompt.Conversation is not null);
        ChatEncoder? chat = _options.CreateChat(converses, tokenizer, scope.Started);
        SequenceEncoder encoder = _options.Data.CreateEncoder(tokenizer, model, chat);
        IReadOnlyList<PreferencePair> encoded = Encode(encoder, training, "pairs", scratch, notes);
        IReadOnlyList<PreferencePair> measured = validation.Count > 0 ? Encode(encoder, validation, "validation pairs", scratch, notes) : [];
        RewardModelTrainer trainer = scope.Own(new RewardModelTrainer(new RewardModelSetup
        {
            Model = model,
            Pairs = encoded,
            Validation = measured,
            Options = _options.RewardModel,
            Seed = _options.Seed,
        }));
        var normalizer = new RewardNormalizer(_options, scope.Engine, tokenizer, chat);
        normalizer.Prepare(
            prompts,
            (done, total) => SupervisedLoop.Report(progress, SupervisedPhase.Normalization, 0, trainer.Steps, done, total),
            cancellationToken);
        return new SupervisedStage
        {
            Model = model,
            Trainer = trainer,
            Data = Of(encoded),
            Validation = Of(measured),
            Normalization = normalizer.SampleFingerprint(),
            KeepBest = _options.RewardModel.KeepBest,
            Notes = notes,
            Normalize = () => Normalize(normalizer, trainer, encoded, notes, progress, cancellationToken),
        };
    }

    /// <summary>A reward model goes on with its own head; a language model gets a new one.</summary>
    private LanguageModel OpenStart(SupervisedScope scope)
    {
        LanguageModel start = scope.OpenStart(ModelHead.FromFile);
        if (start.Info.Head == ModelHead.Scalar)
        {
            return start;
        }

        using (start)
        {
            return start.Derive(ModelHead.Scalar, HeadInitialization.Normal, _options.Seed);
        }
    }

    private (IReadOnlyList<PreferencePair> Training, IReadOnlyList<PreferencePair> Validation) ReadRows(ScratchRows scratch, List<string> notes)
    {
        PreferenceDataOptions data = _options.Data;
        var names = RowNames.Of(data.Fields);
        var rows = SourceRows<PreferencePair>.Read(data, _options.Resolve, names, Pairs, notes, scratch.Pairs());
        IReadOnlyList<PreferencePair> validation = [];
        if (_options.Validation is { Path: { } path })
        {
            validation = SourceRows<PreferencePair>.Other(data, _options.Resolve(path), names, Pairs, notes, scratch.Pairs());
        }
        else if (_options.Validation is { } split)
        {
            (rows, validation) = rows.Split(split, pair => pair.Prompt);
        }

        return (rows.Epoch(_options.Seed, notes), validation);

        IEnumerable<PreferencePair> Pairs(DataSource source) => PreferenceFile.Stream(source, identical =>
        {
            if (identical > 0)
            {
                notes.Add($"{identical} pairs of {Path.GetFileName(source.Path)} have the same answer twice and were left out");
            }
        });
    }

    private static StoredRows<PreferencePair> Encode(
        SequenceEncoder encoder, IReadOnlyList<PreferencePair> pairs, string what, ScratchRows scratch, List<string> notes)
    {
        StoredRows<PreferencePair> encoded = scratch.EncodedPairs();
        int dropped = encoder.Encode(pairs, encoded.Add);
        notes.Add($"{encoded.Count} {what}{(dropped > 0 ? $"; {dropped} were left out: too long, or the same once cut" : string.Empty)}");
        return encoded;
    }

    private static string Of(IReadOnlyList<PreferencePair> pairs) => Fingerprint.Of(pairs.SelectMany(pair => new (string?, int[])[]
    {
        (pair.Prompt, pair.ChosenTokens), (pair.Margin.ToString("R", CultureInfo.InvariantCulture), pair.RejectedTokens),
    }));

    private static RewardNormalization? Normalize(
        RewardNormalizer normalizer,
        RewardModelTrainer trainer,
        IReadOnlyList<PreferencePair> pairs,
        List<string> notes,
        IProgress<SupervisedProgress>? progress,
        CancellationToken cancellationToken)
    {
        try
        {
            return normalizer.Measure(
                trainer.Model,
                pairs,
                (done, total) => SupervisedLoop.Report(
                    progress, SupervisedPhase.Normalization, trainer.Step, trainer.Steps, done, total),
                cancellationToken);
        }
        catch (ArgumentException exception)
        {
            // A model that scores everything the same is kept: it shows what went wrong.
            notes.Add($"warning: no normalisation was stored: {exception.Message.Split(" (Parameter", 2)[0]}");
            return null;
        }
    }
}
