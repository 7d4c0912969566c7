using Microsoft.Extensions.Logging;
using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Data.Formats;
using Proximal.Models;
using Proximal.Runs.Checkpoints;
using Proximal.Tokenization;
using Proximal.Training.Sft;
using Proximal.Training.Supervised;

namespace Proximal.Runs;

/// <summary>A run of supervised fine-tuning: reads what the options name, trains, and leaves a run folder.</summary>
public sealed class SftRun
{
    private readonly SftRunOptions _options;
    private readonly SupervisedRunner _runner;

    /// <summary>Makes a run; nothing is read or written yet.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="logger">Is told what the engine says; <see langword="null"/>: nobody.</param>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public SftRun(SftRunOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _runner = new SupervisedRunner(options, RunKind.Sft, logger, Prepare);
    }

    /// <summary>Does the whole run.</summary>
    /// <param name="progress">Is told what the run does, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run at its last committed step, of which it leaves a checkpoint; this always throws then.</param>
    /// <exception cref="DataFileException">A data file cannot be used.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder holds a run already or cannot be written.</exception>
    /// <exception cref="ProximalException">The model cannot be used, or a number is not finite.</exception>
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
        (IReadOnlyList<SftExample> training, IReadOnlyList<SftExample> validation) = ReadRows(scratch, notes);
        Tokenizer tokenizer = scope.LoadTokenizer();
        LanguageModel model = scope.Own(scope.OpenStart(ModelHead.LanguageModel));
        ChatEncoder? chat = _options.CreateChat(training.Concat(validation).Any(example => example.Conversation is not null), tokenizer, scope.Started);
        SequenceEncoder encoder = _options.Data.CreateEncoder(tokenizer, model, chat);
        IReadOnlyList<SftExample> encoded = Encode(encoder, training, "examples", scratch, notes);
        IReadOnlyList<SftExample> measured = validation.Count > 0 ? Encode(encoder, validation, "validation examples", scratch, notes) : [];
        return new SupervisedStage
        {
            Model = model,
            Trainer = scope.Own(new SftTrainer(new SftSetup
            {
                Model = model,
                Examples = encoded,
                Validation = measured,
                Options = _options.Sft,
                Seed = _options.Seed,
            })),
            Data = Fingerprint.Of(encoded),
            Validation = Fingerprint.Of(measured),
            KeepBest = _options.Sft.KeepBest,
            Notes = notes,
        };
    }

    private (IReadOnlyList<SftExample> Training, IReadOnlyList<SftExample> Validation) ReadRows(ScratchRows scratch, List<string> notes)
    {
        SftDataOptions data = _options.Data;
        var names = RowNames.Of(data.Fields);
        int bad = 0;
        var rows = SourceRows<SftExample>.Read(data, _options.Resolve, names, Examples, notes, scratch.Examples());
        IReadOnlyList<SftExample> validation = [];
        if (_options.Validation is { Path: { } path })
        {
            validation = SourceRows<SftExample>.Other(data, _options.Resolve(path), names, Examples, notes, scratch.Examples());
        }
        else if (_options.Validation is { } split)
        {
            (rows, validation) = rows.Split(split, example => example.SplitKey);
        }

        if (bad > 0)
        {
            notes.Add($"{bad} rows whose answer is labelled as bad were left out");
        }

        return (rows.Epoch(_options.Seed, notes), validation);

        IEnumerable<SftExample> Examples(DataSource source) => SftFile.Stream(source, _ => bad++);
    }

    private static StoredRows<SftExample> Encode(
        SequenceEncoder encoder, IReadOnlyList<SftExample> examples, string what, ScratchRows scratch, List<string> notes)
    {
        StoredRows<SftExample> encoded = scratch.EncodedExamples();
        int dropped = encoder.Encode(examples, encoded.Add);
        notes.Add($"{encoded.Count} {what}{(dropped > 0 ? $"; {dropped} longer ones were left out" : string.Empty)}");
        return encoded;
    }
}
