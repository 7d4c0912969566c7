using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Tests.Cli;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Runs.Checkpoints;

/// <summary>Small runs with everything that has a state: adaptive KL, critic warm-up, schedules, momentum, validation.</summary>
internal sealed class ResumeBench : IDisposable
{
    private readonly TinyFolder _tiny = new();

    public ResumeBench() => _tiny.Write(
        "prompts.jsonl", string.Concat("ab c,c,de f,fa,b b,ca e,d,e".Split(',').Select(text => $"{{\"prompt\":\"{text}\"}}\n")));

    /// <summary>What was logged at warning or above.</summary>
    public List<string> Warnings { get; } = [];

    public string this[params string[] parts] => _tiny[parts];

    public string Model => _tiny.Model;

    public string Write(string name, string text) => _tiny.Write(name, text);

    public PpoRunOptions Options(string run) => new()
    {
        Model = _tiny.Model,
        Output = _tiny[run],
        Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] },
        Rewards = [new RepetitionRewardOptions { N = 1, Weight = -1 }, new LengthRewardOptions { Weight = 0.1 }],
        Ppo = new PpoOptions
        {
            Steps = 6,
            PromptsPerStep = 3,
            SamplesPerPrompt = 2,
            MaxNewTokens = 5,
            Epochs = 2,
            Minibatches = 2,
            MicroBatchSequences = 2,
            CriticWarmupSteps = 1,
            Ema = new PpoEmaOptions { Decay = 0.5 },
            Kl = new PpoKlOptions { Adaptive = true, Coefficient = 0.05, Target = 0.5, Horizon = 50 },
            Actor = new OptimizerOptions { LearningRate = 2e-3 },
            Critic = new OptimizerOptions { LearningRate = 3e-3, Schedule = ScheduleKind.Cosine },
        },
        Validation = new ValidationOptions { Prompts = _tiny["prompts.jsonl"], Samples = 1, Every = 2 },
        Checkpoints = new CheckpointOptions { Every = 2 },
        Threads = 1,
    };

    /// <summary>A run from the beginning to its end.</summary>
    public Task<PpoRunResult> Run(PpoRunOptions options) => Of(options).RunAsync();

    public Task<PpoRunResult> Resume(PpoRunOptions options, IProgress<PpoProgress>? progress = null) => Of(options).ResumeAsync(progress);

    /// <summary>Runs or resumes until a report says that it should be interrupted.</summary>
    /// <returns>How it ended.</returns>
    public async Task<RunInterruptedException> Interrupt(PpoRunOptions options, Func<PpoProgress, bool> when, bool resume = false)
    {
        using var source = new CancellationTokenSource();
        var watcher = new Watcher(report =>
        {
            if (when(report))
            {
                source.Cancel();
            }
        });
        PpoRun run = Of(options);
        try
        {
            await (resume ? run.ResumeAsync(watcher, source.Token) : run.RunAsync(watcher, source.Token));
        }
        catch (RunInterruptedException interruption)
        {
            return interruption;
        }

        throw new AssertionException("the run was not interrupted");
    }

    public string[] Checkpoints(string run) =>
        [.. Directory.EnumerateDirectories(_tiny[run, CheckpointStore.FolderName]).Select(Path.GetFileName).Order()!];

    /// <summary>Throws unless two runs left the same rows, samples, models and checkpoints, bit for bit but for time.</summary>
    public static void AssertEqual(string expected, string actual) => Assert.Multiple(() =>
    {
        Assert.That(Rows(actual), Is.EqualTo(Rows(expected)));
        Assert.That(File.ReadAllText(Path.Combine(actual, RunFolder.SamplesFile)), Is.EqualTo(File.ReadAllText(Path.Combine(expected, RunFolder.SamplesFile))));
        foreach (string file in States(expected))
        {
            Assert.That(File.ReadAllBytes(Path.Combine(actual, file)), Is.EqualTo(File.ReadAllBytes(Path.Combine(expected, file))), file);
        }
    });

    /// <summary>The rows of metrics.jsonl without what tells the time.</summary>
    public static string[] Rows(string run) =>
    [
        .. File.ReadAllLines(Path.Combine(run, RunFolder.MetricsFile)).Select(line =>
        {
            JsonObject row = JsonNode.Parse(line)!.AsObject();
            foreach (string name in row.Select(entry => entry.Key).Where(name => name.StartsWith("time/", StringComparison.Ordinal)).ToArray())
            {
                row.Remove(name);
            }

            return row.ToJsonString();
        }),
    ];

    public void Dispose() => _tiny.Dispose();

    private PpoRun Of(PpoRunOptions options) => new(options, new Collector(Warnings));

    /// <summary>The weights and moments of the last step and of the final model.</summary>
    private static IEnumerable<string> States(string run)
    {
        string last = Directory.EnumerateDirectories(Path.Combine(run, CheckpointStore.FolderName), "step-*").Max()!;
        return Directory.EnumerateFiles(last, "*.safetensors", SearchOption.AllDirectories)
            .Append(Path.Combine(run, RunFolder.ModelFolder, "model.safetensors"))
            .Select(file => Path.GetRelativePath(run, file));
    }

    private sealed class Watcher(Action<PpoProgress> watch) : IProgress<PpoProgress>
    {
        public void Report(PpoProgress value) => watch(value);
    }

    private sealed class Collector(List<string> warnings) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // What a step warns of is not the subject here.
            if (IsEnabled(logLevel) && eventId.Id != PpoRun.StepWarning)
            {
                warnings.Add(formatter(state, exception));
            }
        }
    }
}
