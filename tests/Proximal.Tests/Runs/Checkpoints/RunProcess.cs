using System.Diagnostics;
using System.Globalization;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Tests.Cli;
using Proximal.Tests.Models;

namespace Proximal.Tests.Runs.Checkpoints;

/// <summary>Runs of <c>proximal ppo</c> as processes that can be killed, with a checkpoint after every step.</summary>
internal sealed class RunProcess : IDisposable
{
    public const int Steps = 20;

    private readonly TinyFolder _tiny;

    /// <param name="model">Larger ones take longer to write.</param>
    /// <param name="ppo">Options beside the usual ones, as YAML.</param>
    public RunProcess(TinyModel? model = null, string ppo = "")
    {
        _tiny = new TinyFolder(model ?? new TinyModel { Hidden = 64, Intermediate = 128, Layers = 3, HeadSize = 16 });
        _tiny.Write("prompts.jsonl", "{\"prompt\":\"ab\"}\n{\"prompt\":\"c\"}\n{\"prompt\":\"de f\"}\n{\"prompt\":\"e\"}\n{\"prompt\":\"ba\"}\n");
        _tiny.Write("run.yaml", string.Create(CultureInfo.InvariantCulture, $$"""
            model: {{_tiny.Model}}
            output: run
            prompts: {path: prompts.jsonl}
            rewards: [{type: repetition, n: 1, weight: -1}, {type: length, weight: 0.1}]
            ppo: {steps: {{Steps}}, prompts_per_step: 4, max_new_tokens: 6, epochs: 2, minibatches: 2,
                  actor: {learning_rate: 1e-3}, kl: {adaptive: true, target: 0.5, horizon: 50} {{ppo}}}
            checkpoints: {every: 1, keep_last: 2}
            threads: 1
            """));
    }

    /// <summary>The path of something beside the runs.</summary>
    public string this[params string[] parts] => _tiny[parts];

    /// <summary>Starts a run in a folder.</summary>
    public Process Start(string run, params string[] more) =>
        CliProcess.Start(["ppo", "-c", _tiny["run.yaml"], "--set", $"output={_tiny[run]}", "--quiet", .. more]);

    /// <summary>Goes on with a run to its end.</summary>
    public CliRun Resume(string run)
    {
        using Process process = Start(run, "--resume");
        return CliProcess.End(process);
    }

    /// <summary>A process was killed while it wrote a checkpoint.</summary>
    public bool IsWriting(string run) =>
        Directory.Exists(_tiny[run, CheckpointStore.FolderName])
        && Directory.EnumerateDirectories(_tiny[run, CheckpointStore.FolderName], ".*").Any();

    /// <summary>The run has its model.</summary>
    public bool IsFinished(string run) => Directory.Exists(_tiny[run, RunFolder.ModelFolder]);

    public void Dispose() => _tiny.Dispose();
}
