using Microsoft.Extensions.Logging;
using Proximal.Rewards;
using Proximal.Runs.Checkpoints;
using Proximal.Training.Supervised;

namespace Proximal.Runs;

/// <summary>Takes a supervised run of any kind from its folder to its model; what it trains on is the kind's own.</summary>
/// <param name="options">The run's options.</param>
/// <param name="kind">One of <see cref="RunKind"/>.</param>
/// <param name="logger">Is told what the engine says.</param>
/// <param name="prepare">Reads what the options name, opens the model and makes its trainer.</param>
internal sealed class SupervisedRunner(
    RunOptions options,
    string kind,
    ILogger? logger,
    Func<SupervisedScope, IProgress<SupervisedProgress>?, CancellationToken, SupervisedStage> prepare)
{
    /// <summary>Does the run, or what is left of it.</summary>
    public Task<SupervisedRunResult> RunAsync(bool resume, IProgress<SupervisedProgress>? progress, CancellationToken cancellationToken) =>
        Task.Run(() => TrainAsync(resume, progress, cancellationToken), cancellationToken);

    private async Task<SupervisedRunResult> TrainAsync(
        bool resume, IProgress<SupervisedProgress>? progress, CancellationToken cancellationToken)
    {
        SupervisedLoop.Report(progress, SupervisedPhase.Loading);
        using RunSession session = RunSession.Begin(options, kind, steps: null, resume, logger);
        SupervisedLoop.Tell(progress, session.Story);
        if (session.IsFinished)
        {
            return SupervisedLoop.Finished(session, options.Resolve(options.Output));
        }

        using var scope = new SupervisedScope(options, session, logger);
        SupervisedStage stage = prepare(scope, progress, cancellationToken);
        session.AddInput("data", stage.Data);
        session.AddInput("validation", stage.Validation);
        if (stage.Normalization is { } sampled)
        {
            session.AddInput("normalization", sampled);
        }

        RunFolder folder = session.Open(scope.Engine);
        session.Restore(stage.Trainer);
        var loop = new SupervisedLoop(session, folder, progress);
        return await SupervisedLoop.Reporter(kind, stage.Trainer, options.TokenizerPath(), session.Started, stage.Notes, logger)
            .AroundAsync(folder.Path, () => session.GuardAsync(stage.Trainer, TrainAndSaveAsync, cancellationToken)).ConfigureAwait(false);

        async Task<SupervisedRunResult> TrainAndSaveAsync()
        {
            await loop.RunAsync(stage.Trainer, cancellationToken).ConfigureAwait(false);
            RewardNormalization? normalization = stage.Normalize?.Invoke();
            SupervisedLoop.Report(progress, SupervisedPhase.Saving, stage.Trainer.Step, stage.Trainer.Steps);
            string saved = folder.WriteModel(
                stage.Model, options.TokenizerPath(), options.SaveAs, chatTemplate: options.ChatTemplatePath());
            normalization?.Write(saved);
            return new SupervisedRunResult
            {
                Folder = folder.Path,
                ModelFolder = saved,
                Steps = stage.Trainer.Step,
                BestStep = stage.KeepBest ? stage.Trainer.BestStep : null,
                Metrics = loop.Last,
                BestMetrics = loop.Best,
                Normalization = normalization,
                Notes = stage.Notes,
                ResumedAfter = session.Resumed?.Step ?? 0,
            };
        }
    }
}
