using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal rm</c>: a reward model from a YAML file.</summary>
internal static class RewardModelCommand
{
    private const string Description =
        "Train a reward model on preference pairs as a YAML file says.\n\n"
        + "Rows have a prompt, the chosen and the rejected answer, and perhaps a margin. "
        + "Relative paths in the file start at its folder, those of --set at the current one. The run folder (key `output`) gets config.yaml, "
        + "metrics.jsonl and at the end model/, a Hugging Face folder with the weights of the smallest validation loss and "
        + "reward_normalization.json, which a reward of type `model` reads. "
        + "A table of the steps goes to standard error; the last line of standard output is the run folder.";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var run = new RunArguments("rm.epochs=2");
        Command command = run.Command("rm", Description);
        command.SetAction(async (parsed, cancellation) =>
        {
            RewardModelRunOptions options = run.Bind<RewardModelRunOptions>(parsed);
            RunInputs.Require(run.File(parsed), options);
            RunInputs.RequireModel(run.File(parsed), "normalization.model", options.Normalization.Model);
            SupervisedRunResult result = await Progress.RunAsync(host, run.Style(parsed), view => SupervisedSession.RunAsync(
                options,
                view,
                SupervisedView.OfRewardModel,
                progress => new RewardModelRun(options, new ErrorLogger(view.Line, parsed.GetValue(verbose))).RunAsync(progress, cancellation),
                cancellation)).ConfigureAwait(false);
            SupervisedSession.Conclude(host, result);
            return ExitCode.Success;
        });
        return command;
    }
}
