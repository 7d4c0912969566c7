using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Proximal.Data;
using Proximal.Evaluation;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Reports;
using Proximal.Runs;
using Proximal.Training.Ppo;
using Proximal.Training.Supervised;
using Proximal.WarmStories.Report;

namespace Proximal.WarmStories;

/// <summary>
/// From a base model to one that writes warm stories: fine-tuning, reward model and judge, PPO with two references,
/// evaluation and a report. Every part is a run like those of the commands, in a run folder of its own.
/// </summary>
/// <example>
/// <code>
/// DemoResult result = await new Demo(new DemoOptions { Output = "demo" }).RunAsync();
/// Console.WriteLine(string.Join('\n', result.Lines));
/// </code>
/// </example>
public sealed class Demo
{
    private readonly DemoOptions _options;
    private readonly DemoFolder _folder;
    private readonly DemoRuns _runs;
    private readonly ILogger? _logger;
    private readonly TimeProvider _time;

    /// <summary>Makes a demo; nothing is read or written yet.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="logger">Is told warnings; <see langword="null"/>: nobody.</param>
    /// <param name="time">Says how late it is; <see langword="null"/>: the system.</param>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public Demo(DemoOptions options, ILogger? logger = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _folder = new DemoFolder(Path.GetFullPath(options.Output));
        _runs = new DemoRuns(options, _folder);
        _logger = logger;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Does everything.</summary>
    /// <param name="progress">Is told how far it is, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run under way at its last committed step, with a checkpoint; this always throws then.</param>
    /// <exception cref="RunFolderException">The output folder holds a demo already, is not empty, is in use, or cannot be written.</exception>
    /// <exception cref="ProximalException">A number is not finite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<DemoResult> RunAsync(IProgress<DemoProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => WorkAsync(resume: false, progress, cancellationToken), cancellationToken);

    /// <summary>
    /// Goes on with the demo in the output folder: runs that are finished are left alone, the one that was interrupted goes on
    /// from its checkpoint, and the models come out bit for bit as without the interruption.
    /// </summary>
    /// <param name="progress">Is told how far it is, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends the run under way at its last committed step, with a checkpoint; this always throws then.</param>
    /// <exception cref="RunFolderException">The output folder holds no demo, is in use, or cannot be written.</exception>
    /// <exception cref="Runs.Checkpoints.CheckpointException">A checkpoint is damaged, or the demo in the folder has another seed.</exception>
    /// <exception cref="ProximalException">A number is not finite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<DemoResult> ResumeAsync(IProgress<DemoProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => WorkAsync(resume: true, progress, cancellationToken), cancellationToken);

    private async Task<DemoResult> WorkAsync(bool resume, IProgress<DemoProgress>? progress, CancellationToken cancellationToken)
    {
        _folder.Check(resume);
        using var held = RunLock.Take(_folder.Root);
        var watch = Stopwatch.StartNew();
        DateTimeOffset started = _time.GetUtcNow();
        var clock = new DemoClock(progress);

        // 1. The base model and the data, as files that the runs read.
        clock.Report(DemoStage.Preparation, 0, "writing", DemoLines.Start);
        DemoData data = Prepare();
        clock.Report(DemoStage.Preparation, 1, "written", DemoLines.Of(data));

        // 2. Supervised fine-tuning: the model learns what warm stories look like.
        await TrainAsync(DemoStage.FineTuning, new SftRun(_runs.Sft(), _logger), resume, clock, cancellationToken).ConfigureAwait(false);

        // 3. The reward model, and a judge from other prompts that PPO never meets.
        await TrainAsync(DemoStage.RewardModel, new RewardModelRun(_runs.RewardModel(), _logger), resume, clock, cancellationToken).ConfigureAwait(false);
        await TrainAsync(DemoStage.Judge, new RewardModelRun(_runs.Judge(), _logger), resume, clock, cancellationToken).ConfigureAwait(false);

        // 4. PPO, held to the fine-tuned model; then the same, held to the base model.
        await OptimizeAsync(DemoStage.Ppo, _runs.Ppo(_folder.Ppo), resume, clock, cancellationToken).ConfigureAwait(false);
        await OptimizeAsync(DemoStage.PpoWithBaseReference, _runs.Ppo(_folder.PpoBaseReference, _folder.Base), resume, clock, cancellationToken).ConfigureAwait(false);

        // 5. All of them before the same prompts.
        string sft = DemoFolder.ModelOf(_folder.Sft);
        EvaluationResult fineTuning = await EvaluateAsync(0, _folder.EvaluationSft, _folder.Base, sft, clock, cancellationToken).ConfigureAwait(false);
        EvaluationResult evaluation = await EvaluateAsync(1, _folder.Evaluation, sft, DemoFolder.ModelOf(_folder.Ppo), clock, cancellationToken).ConfigureAwait(false);
        EvaluationResult baseReference = await EvaluateAsync(
            2, _folder.EvaluationBaseReference, sft, DemoFolder.ModelOf(_folder.PpoBaseReference), clock, cancellationToken).ConfigureAwait(false);

        // 6. What it came to.
        clock.Report(DemoStage.Report, 0, "writing");
        var figures = new DemoFigures
        {
            Options = _options,
            Folder = _folder,
            Data = data,
            Parameters = ModelSummary.Read(_folder.Base).Parameters,
            Baselines = DemoBaselines.Measure([.. data.Reward], [.. data.Test]),
            Sft = RunData.Read(_folder.Sft),
            RewardModel = RunData.Read(_folder.RewardModel),
            Judge = RunData.Read(_folder.Judge),
            Ppo = RunData.Read(_folder.Ppo),
            PpoBaseReference = RunData.Read(_folder.PpoBaseReference),
            Evaluation = evaluation,
            BaseReference = baseReference,
            FineTuning = fineTuning,
            Started = started,
            Elapsed = watch.Elapsed,
            Resumed = resume,
        };
        return Conclude(figures, clock);
    }

    private DemoData Prepare()
    {
        var data = DemoData.Of(DemoAssets.WriteTo(_folder, _options.Recipe));
        data.Write(_folder);
        return data;
    }

    private static async Task TrainAsync(DemoStage stage, SftRun run, bool resume, DemoClock clock, CancellationToken cancellationToken)
    {
        var progress = new SynchronousProgress<SupervisedProgress>(value => clock.Report(stage, value));
        SupervisedRunResult result = await (resume ? run.ResumeAsync(progress, cancellationToken) : run.RunAsync(progress, cancellationToken)).ConfigureAwait(false);
        clock.Report(stage, 1, "done", DemoLines.Of(stage, RunData.Read(result.Folder)));
    }

    private static async Task TrainAsync(DemoStage stage, RewardModelRun run, bool resume, DemoClock clock, CancellationToken cancellationToken)
    {
        var progress = new SynchronousProgress<SupervisedProgress>(value => clock.Report(stage, value));
        SupervisedRunResult result = await (resume ? run.ResumeAsync(progress, cancellationToken) : run.RunAsync(progress, cancellationToken)).ConfigureAwait(false);
        clock.Report(stage, 1, "done", DemoLines.Of(stage, RunData.Read(result.Folder)));
    }

    private async Task OptimizeAsync(DemoStage stage, PpoRunOptions options, bool resume, DemoClock clock, CancellationToken cancellationToken)
    {
        var run = new PpoRun(options, _logger);
        var progress = new SynchronousProgress<PpoProgress>(value => clock.Report(stage, value));
        PpoRunResult result = await (resume ? run.ResumeAsync(progress, cancellationToken) : run.RunAsync(progress, cancellationToken)).ConfigureAwait(false);
        clock.Report(stage, 1, "done", DemoLines.Of(stage, RunData.Read(result.Folder)));
    }

    private async Task<EvaluationResult> EvaluateAsync(
        int index, string output, string baseline, string model, DemoClock clock, CancellationToken cancellationToken)
    {
        var progress = new SynchronousProgress<EvaluationProgress>(value => clock.Report(index, value));
        EvaluationReport report = await new EvaluationRun(_runs.Evaluation(output, baseline, model), _logger)
            .RunAsync(progress, cancellationToken).ConfigureAwait(false);
        return report.Result;
    }

    private DemoResult Conclude(DemoFigures figures, DemoClock clock)
    {
        string[] lines = [.. DemoLines.Conclusion(figures)];
        try
        {
            AtomicFile.WriteText(_folder.MarkdownReport, DemoMarkdown.Write(figures));
            AtomicFile.WriteText(_folder.Report, DemoPage.Write(figures));
            AtomicFile.WriteText(_folder.Summary, DemoSummary.Write(figures));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(_folder.Root, $"{_folder.Root}: the report cannot be written: {failure.Message} Free some space, then go on with --resume.", failure);
        }

        clock.Report(DemoStage.Report, 1, "written");
        EvaluationPair typical = figures.Typical;
        return new DemoResult
        {
            Folder = _folder.Root,
            Report = _folder.Report,
            Lines = lines,
            Prompt = typical.PromptText,
            Before = typical.Baseline.Text.Trim(),
            After = typical.Model.Text.Trim(),
        };
    }
}
