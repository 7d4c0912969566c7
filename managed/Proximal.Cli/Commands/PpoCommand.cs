using System.CommandLine;
using Proximal.Cli.Models;
using Proximal.Cli.Terminal;
using Proximal.Configuration;
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
        var configuration = new Option<string>("--config", "-c")
        {
            Description = "The YAML file of the run.",
            HelpName = "FILE",
            Required = true,
        };
        var overrides = new Option<string[]>("--set")
        {
            Description = "Replace a value of the file, as in --set ppo.steps=20 or --set rewards[0].weight=2 (the value is YAML). May be repeated.",
            HelpName = "KEY=VALUE",
            AllowMultipleArgumentsPerToken = false,
            DefaultValueFactory = _ => [],
        };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No progress on standard error; the table of the steps stays." };
        var command = new Command("ppo", Description) { configuration, overrides, quiet };
        command.SetAction(async (parsed, cancellation) =>
        {
            string file = parsed.GetValue(configuration)!;
            PpoRunOptions options = ConfigurationBinder.Bind<PpoRunOptions>(file, parsed.GetValue(overrides));
            RequireInputs(file, options);
            ProgressStyle style = parsed.GetValue(quiet) ? ProgressStyle.None : ProgressStyle.Bar;
            var summary = new PpoSummary();
            PpoRunResult result = await Progress.RunAsync(
                host, style, view => RunAsync(options, view, summary, parsed.GetValue(verbose), cancellation)).ConfigureAwait(false);
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
        RequireModel(file, "model", options.Model);
        RequireModel(file, "reference", options.Reference);
        RequireModel(file, "critic", options.Critic);
        if (options.Tokenizer is { } tokenizer && !Path.Exists(tokenizer))
        {
            throw new CommandException(
                ExitCode.Data, $"{file}: tokenizer: {tokenizer} does not exist; name a folder with a tokenizer.json, or the file");
        }

        try
        {
            RunFolder.CheckFree(options.Output, options.Overwrite);
        }
        catch (RunFolderException failure)
        {
            throw new CommandException(ExitCode.Data, $"{file}: output: {failure.Message}", failure);
        }
    }

    private static void RequireModel(string file, string key, string? path)
    {
        if (path is not null && !Path.Exists(path))
        {
            throw new CommandException(
                ExitCode.Data,
                $"{file}: {key}: {path} does not exist; name a Hugging Face folder or a llama2.c .bin file (--set {key}=PATH)");
        }
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
