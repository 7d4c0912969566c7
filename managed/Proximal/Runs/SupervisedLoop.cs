using Microsoft.Extensions.Logging;
using Proximal.Runs.Checkpoints;
using Proximal.Training.Supervised;

namespace Proximal.Runs;

/// <summary>Runs a trainer to its end, writes its curves into the run folder, and checkpoints.</summary>
internal sealed class SupervisedLoop(RunSession session, RunFolder folder, IProgress<SupervisedProgress>? progress)
{
    private const string Validation = "validation/";

    private readonly Dictionary<string, double> _best = [];

    /// <summary>The last value of every curve.</summary>
    public IReadOnlyDictionary<string, double> Last => session.Latest;

    /// <summary>The validation curves of the best step.</summary>
    public IReadOnlyDictionary<string, double> Best => _best;

    /// <summary>Trains.</summary>
    public async Task RunAsync(SupervisedTrainer trainer, CancellationToken cancellationToken)
    {
        if (session.Resumed is not null && trainer.BestStep is { } best)
        {
            Remember(MetricsReader.Read(folder.Path).First(row => row.Step == best).Values);
        }

        await foreach (SupervisedStep step in trainer.RunAsync(progress, cancellationToken).ConfigureAwait(false))
        {
            folder.WriteMetrics(step.Step, step.Metrics, warnings: []);
            if (step.IsBest)
            {
                Remember(step.Metrics);
            }

            progress?.Report(new SupervisedProgress
            {
                Step = step.Step,
                Steps = trainer.Steps,
                Phase = SupervisedPhase.Committed,
                Metrics = step.Metrics,
            });
            session.Commit(step.Step, step.Metrics, trainer, isLast: step.Step > 0 && trainer.IsDone);
        }
    }

    /// <summary>Says where a resumed run goes on.</summary>
    public static void Tell(IProgress<SupervisedProgress>? progress, string? note)
    {
        if (note is not null)
        {
            progress?.Report(new SupervisedProgress { Step = 0, Steps = 0, Phase = SupervisedPhase.Loading, Note = note });
        }
    }

    /// <summary>What there is to say of a run that was finished already.</summary>
    public static SupervisedRunResult Finished(RunSession session, string folder) => new()
    {
        Folder = folder,
        ModelFolder = Path.Combine(folder, RunFolder.ModelFolder),
        Steps = session.Resumed?.Step ?? 0,
        BestStep = null,
        Metrics = session.Latest,
        BestMetrics = new Dictionary<string, double>(),
        Notes = [],
        ResumedAfter = session.Resumed?.Step ?? 0,
        WasFinished = true,
    };

    /// <summary>Keeps the run folder's summary and report.</summary>
    public static RunReporter Reporter(string kind, SupervisedTrainer trainer, string tokenizer, DateTimeOffset started, IReadOnlyList<string> notes, ILogger? logger) => new(
        new RunSummary
        {
            Kind = kind,
            State = RunState.Running,
            Started = started,
            PlannedSteps = trainer.Steps,
            Tokenizer = tokenizer,
            Data = [.. notes],
        },
        TimeProvider.System,
        logger);

    /// <summary>Says what the run does beside its steps.</summary>
    public static void Report(
        IProgress<SupervisedProgress>? progress, SupervisedPhase phase, int step = 0, int steps = 0, long done = 0, long total = 0) =>
        progress?.Report(new SupervisedProgress { Step = step, Steps = steps, Phase = phase, Done = done, Total = total });

    private void Remember(IReadOnlyDictionary<string, double> metrics)
    {
        foreach ((string name, double value) in metrics.Where(metric => metric.Key.StartsWith(Validation, StringComparison.Ordinal)))
        {
            _best[name] = value;
        }
    }
}
