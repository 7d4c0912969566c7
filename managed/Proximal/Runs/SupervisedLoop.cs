using Microsoft.Extensions.Logging;
using Proximal.Training.Supervised;

namespace Proximal.Runs;

/// <summary>Runs a trainer to its end and writes its curves into the run folder.</summary>
internal sealed class SupervisedLoop(RunFolder folder, IProgress<SupervisedProgress>? progress)
{
    private readonly Dictionary<string, double> _last = [];
    private readonly Dictionary<string, double> _best = [];

    /// <summary>The last value of every curve.</summary>
    public IReadOnlyDictionary<string, double> Last => _last;

    /// <summary>The validation curves of the best step.</summary>
    public IReadOnlyDictionary<string, double> Best => _best;

    /// <summary>Trains.</summary>
    public async Task RunAsync(SupervisedTrainer trainer, CancellationToken cancellationToken)
    {
        await foreach (SupervisedStep step in trainer.RunAsync(progress, cancellationToken).ConfigureAwait(false))
        {
            folder.WriteMetrics(step.Step, step.Metrics, warnings: []);
            Remember(step);
            progress?.Report(new SupervisedProgress
            {
                Step = step.Step,
                Steps = trainer.Steps,
                Phase = SupervisedPhase.Committed,
                Metrics = step.Metrics,
            });
        }
    }

    /// <summary>Keeps the run folder's summary and report.</summary>
    public static RunReporter Reporter(string kind, SupervisedTrainer trainer, string tokenizer, ILogger? logger) => new(
        new RunSummary
        {
            Kind = kind,
            State = RunState.Running,
            Started = TimeProvider.System.GetUtcNow(),
            PlannedSteps = trainer.Steps,
            Tokenizer = tokenizer,
        },
        TimeProvider.System,
        logger);

    /// <summary>Says what the run does beside its steps.</summary>
    public static void Report(
        IProgress<SupervisedProgress>? progress, SupervisedPhase phase, int step = 0, int steps = 0, long done = 0, long total = 0) =>
        progress?.Report(new SupervisedProgress { Step = step, Steps = steps, Phase = phase, Done = done, Total = total });

    private void Remember(SupervisedStep step)
    {
        foreach ((string name, double value) in step.Metrics)
        {
            _last[name] = value;
            if (step.IsBest && name.StartsWith("validation/", StringComparison.Ordinal))
            {
                _best[name] = value;
            }
        }
    }
}
