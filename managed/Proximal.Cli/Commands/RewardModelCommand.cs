using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal rm</c>: a reward model from a YAML file.</summary>
internal static class RewardModelCommand
{
    private const string Description =
        "Train a reward model on preference pairs as a YAML file says.\n\n"
        + "Rows have a prompt, the chosen and the rejected answer, and perhaps a margin; answers and prompt may be lists of messages, whose text the "
        + "model's chat template writes. managed/Proximal/Data/ROWS.md shows every form. "
        + "Relative paths in the file start at its folder, those of --set at the current one. The run folder (key `output`) gets config.yaml, "
        + "metrics.jsonl, checkpoints/ and at the end model/, a Hugging Face folder with the weights of the smallest validation loss and "
        + "reward_normalization.json, which a reward of type `model` reads. "
        + "A table of the steps goes to standard error; the last line of standard output is the run folder.\n\n"
        + RunArguments.Resuming;

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var run = new RunArguments("rm.epochs=2");
        Command command = run.Command("rm", Description);
        command.SetAction(async (parsed, cancellation) =>
        {
            RewardModelRunOptions options = run.Bind<RewardModelRunOptions>(parsed);
            bool resume = parsed.GetValue(run.Resume);
            RunInputs.Require(run.File(parsed), options, resume);
            RunInputs.RequireModel(run.File(parsed), "normalization.model", options.Normalization.Model);
            SupervisedRunResult result = await Progress.RunAsync(host, run.Style(parsed), view => Interruption.GuardAsync(run.CommandLine("rm", parsed), () =>
            {
                var work = new RewardModelRun(options, new ErrorLogger(view.Line, parsed.GetValue(verbose)));
                var progress = new SupervisedView(view, SupervisedView.OfRewardModel);
                return resume ? work.ResumeAsync(progress, cancellation) : work.RunAsync(progress, cancellation);
            })).ConfigureAwait(false);
            SupervisedSession.Conclude(host, result);
            return ExitCode.Success;
        });
        return command;
    }
}
