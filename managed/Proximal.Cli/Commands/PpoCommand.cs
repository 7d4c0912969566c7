using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal ppo</c>: a training run from a YAML file.</summary>
internal static class PpoCommand
{
    private const string Description =
        "Train a language model by PPO as a YAML file says.\n\n"
        + "Prompts are texts or lists of messages, for which the model's chat template opens the assistant's turn. "
        + "Relative paths in the file start at its folder, those of --set at the current one. The run folder (key `output`) gets config.yaml, "
        + "metrics.jsonl, samples.jsonl, checkpoints/ and at the end model/, a Hugging Face folder, and with ppo.ema model-ema/ beside it. "
        + "A table of the steps goes to standard error; the last line of standard output is the run folder.\n\n"
        + RunArguments.Resuming + " samples_every and validation.every may change too, and ppo.steps where both schedules are constant without warm-up.";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var run = new RunArguments("ppo.steps=20 or --set rewards[0].weight=2");
        Command command = run.Command("ppo", Description);
        command.SetAction(async (parsed, cancellation) =>
        {
            string file = run.File(parsed);
            bool resume = parsed.GetValue(run.Resume);
            PpoRunOptions options = run.Bind<PpoRunOptions>(parsed);
            RequireInputs(file, options, resume);
            var summary = new PpoSummary();
            PpoRunResult result = await Progress.RunAsync(host, run.Style(parsed), view => Interruption.GuardAsync(run.CommandLine("ppo", parsed), () =>
            {
                // The view shows the warnings of the steps itself, each kind once.
                var work = new PpoRun(options, new ErrorLogger(view.Line, parsed.GetValue(verbose), except: PpoRun.StepWarning));
                var progress = new PpoView(view, summary);
                return resume ? work.ResumeAsync(progress, cancellation) : work.RunAsync(progress, cancellation);
            })).ConfigureAwait(false);
            Conclude(host, result, summary);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Missing models are found before anything is read.</summary>
    private static void RequireInputs(string file, PpoRunOptions options, bool resume)
    {
        RunInputs.Require(file, options, resume);
        RunInputs.RequireModel(file, "reference", options.Reference);
        RunInputs.RequireModel(file, "critic", options.Critic);
    }

    private static void Conclude(CliHost host, PpoRunResult result, PpoSummary summary)
    {
        if (result.WasFinished)
        {
            host.Log($"the run is finished: nothing was left to do\nmodel:      {result.ModelFolder}\nrun folder: {result.Folder}");
            host.Print($"{result.Folder}\n");
            return;
        }

        foreach (string line in summary.Lines())
        {
            host.Log(line);
        }

        host.Log($"model:      {result.ModelFolder}\nrun folder: {result.Folder}");
        host.Print($"{result.Folder}\n");
    }
}
