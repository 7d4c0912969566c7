using Microsoft.Extensions.Logging;
using Proximal.Data;
using Proximal.Models;
using Proximal.Runs.Checkpoints;
using Proximal.Tokenization;
using Proximal.Training.Sft;
using Proximal.Training.Supervised;

namespace Proximal.Runs;

/// <summary>A run of pretraining, next-token prediction on whole documents: reads what the options name, trains, and leaves a run folder.</summary>
public sealed class PretrainRun
{
    private readonly PretrainRunOptions _options;
    private readonly SupervisedRunner _runner;

    /// <summary>Makes a run; nothing is read or written yet.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="logger">Is told what the engine says; <see langword="null"/>: nobody.</param>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public PretrainRun(PretrainRunOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _runner = new SupervisedRunner(options, RunKind.Pretrain, logger, Prepare);
    }

    /// <summary>Does the whole run.</summary>
    /// <param name="progress">Is told what the run does, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run at its last committed step, of which it leaves a checkpoint; this always throws then.</param>
    /// <exception cref="DataFileException">A data file cannot be used.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder holds a run already or cannot be written.</exception>
    /// <exception cref="ProximalException">The model cannot be used, or a number is not finite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while the documents were read.</exception>
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
    /// <exception cref="OperationCanceledException">The token was cancelled while the documents were read.</exception>
    /// <exception cref="RunInterruptedException">The token was cancelled.</exception>
    public Task<SupervisedRunResult> ResumeAsync(
        IProgress<SupervisedProgress>? progress = null, CancellationToken cancellationToken = default) =>
        _runner.RunAsync(resume: true, progress, cancellationToken);

    private SupervisedStage Prepare(SupervisedScope scope, IProgress<SupervisedProgress>? progress, CancellationToken cancellationToken)
    {
        Tokenizer tokenizer = scope.LoadTokenizer();
        LanguageModel model = scope.Own(scope.OpenStart(ModelHead.LanguageModel));
        PretrainData data = scope.Own(PretrainData.Read(
            _options, tokenizer, model, read => SupervisedLoop.Report(progress, SupervisedPhase.Loading, done: read), cancellationToken));
        return new SupervisedStage
        {
            Model = model,
            Trainer = scope.Own(new SftTrainer(new SftSetup
            {
                Model = model,
                Examples = data.Training,
                Validation = data.Validation,
                Options = _options.Pretrain,
                Seed = _options.Seed,
                Stage = RunKind.Pretrain,
            })),
            Data = data.TrainingFingerprint(),
            Validation = data.ValidationFingerprint(),
            KeepBest = _options.Pretrain.KeepBest,
            Notes = data.Notes,
        };
    }
}
