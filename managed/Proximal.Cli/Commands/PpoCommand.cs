using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal ppo</c>: a training run from a YAML file.</summary>
internal static class PpoCommand
{
    private const string Description =
        "Train a language model by PPO as a YAML file says.\n\n"
        + "Relative paths in the file start at its folder, those of --set at the current one. The run folder (key `output`) gets config.yaml, "
        + "metrics.jsonl, samples.jsonl and at the end model/, a Hugging Face folder. A table of the steps goes to standard error; "
        + "the last line of standard output is the run folder.";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var run = new RunArguments("ppo.steps=20 or --set rewards[0].weight=2");
        Command command = run.Command("ppo", Description);
        command.SetAction(async (parsed, cancellation) =>
        {
            PpoRunOptions options = run.Bind<PpoRunOptions>(parsed);
            RequireInputs(run.File(parsed), options);
            var summary = new PpoSummary();
            PpoRunResult result = await Progress.RunAsync(
                host, run.Style(parsed), view => RunAsync(options, view, summary, parsed.GetValue(verbose), cancellation)).ConfigureAwait(false);
            Conclude(host, result, summary);
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<PpoRunResult> RunAsync(
        PpoRunOptions options, IProgressView view, PpoSummary summary, bool verbose, CancellationToken cancellation)
    {
        // The view shows the warnings of the steps itself, each kind once.
        var run = new PpoRun(options, new ErrorLogger(view.Line, verbose, except: PpoRun.StepWarning));
        try
        {
            return await run.RunAsync(new PpoView(view, summary), cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException failure) when (cancellation.IsCancellationRequested)
        {
            throw new CommandException(
                ExitCode.Interrupted,
                summary.Steps == 0
                    ? "interrupted before the first step was committed"
                    : $"interrupted after step {summary.Steps}; {options.Output} keeps the metrics and samples of the steps, but no model",
                failure);
        }
    }

    /// <summary>Missing models are found before anything is read.</summary>
    private static void RequireInputs(string file, PpoRunOptions options)
    {
        RunInputs.Require(file, options);
        RunInputs.RequireModel(file, "reference", options.Reference);
        RunInputs.RequireModel(file, "critic", options.Critic);
    }

    private static void Conclude(CliHost host, PpoRunResult result, PpoSummary summary)
    {
        foreach (string line in summary.Lines())
        {
            host.Log(line);
        }

        host.Log($"model:      {result.ModelFolder}\nrun folder: {result.Folder}");
        host.Print($"{result.Folder}\n");
    }
}
