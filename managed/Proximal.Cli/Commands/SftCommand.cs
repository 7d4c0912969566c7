using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal sft</c>: supervised fine-tuning from a YAML file.</summary>
internal static class SftCommand
{
    private const string Description =
        "Fine-tune a language model on examples as a YAML file says.\n\n"
        + "Rows have a prompt and a response, which is learned, or a text, which is learned as a whole, or messages, whose text the model's chat "
        + "template writes (or the Jinja file that the key `chat_template` names): learned is what the assistant says (`data.loss_on`: assistant, "
        + "last_assistant or all). managed/Proximal/Data/ROWS.md shows every form. "
        + "Relative paths in the file start at its folder, those of --set at the current one. The run folder (key `output`) gets config.yaml, "
        + "metrics.jsonl, checkpoints/ and at the end model/, a Hugging Face folder with the weights of the smallest validation loss. "
        + "A table of the steps goes to standard error; the last line of standard output is the run folder.\n\n"
        + RunArguments.Resuming;

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var run = new RunArguments("sft.epochs=3");
        Command command = run.Command("sft", Description);
        command.SetAction(async (parsed, cancellation) =>
        {
            SftRunOptions options = run.Bind<SftRunOptions>(parsed);
            bool resume = parsed.GetValue(run.Resume);
            RunInputs.Require(run.File(parsed), options, resume);
            SupervisedRunResult result = await Progress.RunAsync(host, run.Style(parsed), view => Interruption.GuardAsync(run.CommandLine("sft", parsed), () =>
            {
                var work = new SftRun(options, new ErrorLogger(view.Line, parsed.GetValue(verbose)));
                var progress = new SupervisedView(view, SupervisedView.OfSft);
                return resume ? work.ResumeAsync(progress, cancellation) : work.RunAsync(progress, cancellation);
            })).ConfigureAwait(false);
            SupervisedSession.Conclude(host, result);
            return ExitCode.Success;
        });
        return command;
    }
}
