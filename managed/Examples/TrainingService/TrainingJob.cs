using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace TrainingService;

/// <summary>
/// Trains in the background. When the host stops, the run writes a checkpoint; the next start goes on from there, bit for bit. The
/// trained model then answers the requests.
/// </summary>
internal sealed partial class TrainingJob(TrainingOptions training, TrainingFeed feed, StoryTeller teller, ILogger<TrainingJob> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var run = new PpoRun(Options(training), logger);
            PpoRunResult result = await run.ResumeAsync(feed, stoppingToken);
            teller.Use(result.ModelFolder);
            feed.End("finished");
        }
        catch (RunInterruptedException stopped)
        {
            feed.End(stopped.Message);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // The service goes on answering with the base model; /health says what happened.
            LogFailure(failure);
            feed.Fail(failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The training run failed")]
    private partial void LogFailure(Exception failure);

    private static PpoRunOptions Options(TrainingOptions training) => new()
    {
        Model = Path.Combine(training.Folder, "base"),
        Output = Path.Combine(training.Folder, "run"),
        Prompts = new PromptsOptions { Path = Path.Combine(AppContext.BaseDirectory, "prompts.txt") },
        Rewards = [new DelegateRewardOptions { Reward = new DelegateReward("kindness", row => Kindness(row.ResponseText)) }],
        Threads = training.Threads,
        Ppo = new PpoOptions
        {
            Steps = training.Steps,
            PromptsPerStep = training.PromptsPerStep,
            MaxNewTokens = 48,
            MissingEndPenalty = 0,
            Actor = new OptimizerOptions { LearningRate = 1e-3 },
            Critic = new OptimizerOptions { LearningRate = 1e-3 },
        },
    };

    private static readonly string[] Kind = ["hug", "smile", "help", "thank", "kind", "love", "share", "friend"];

    private static double Kindness(string story) =>
        Math.Min(4, Kind.Count(word => story.Contains(word, StringComparison.OrdinalIgnoreCase)));
}
