using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal pretrain</c>: next-token training on text from a YAML file.</summary>
internal static class PretrainCommand
{
    private const string Description =
        "Train a language model on text as a YAML file says.\n\n"
        + "The model starts from random weights (`model: {init: config.json, seed: 1}`) or from trained ones. The files of `data.sources` "
        + "are text (one document, or documents with `data.separator` between them) or rows with a text: .jsonl, .ndjson, .json. "
        + "Each document gets the tokenizer's begin token and the end token, long ones go on in the next sequence, and every token is "
        + "learned; what is read is kept on disk, so files may be larger than memory. "
        + "Relative paths in the file start at its folder, those of --set at the current one. The run folder (key `output`) gets config.yaml, "
        + "metrics.jsonl, checkpoints/ and at the end model/, a Hugging Face folder with the weights of the smallest validation loss "
        + "(`save_as: bfloat16` halves its bytes). "
        + "A table of the steps goes to standard error; the last line of standard output is the run folder.\n\n"
        + RunArguments.Resuming;

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var run = new RunArguments("pretrain.epochs=3");
        Command command = run.Command("pretrain", Description);
        command.SetAction(async (parsed, cancellation) =>
        {
            PretrainRunOptions options = run.Bind<PretrainRunOptions>(parsed);
            bool resume = parsed.GetValue(run.Resume);
            RunInputs.Require(run.File(parsed), options, resume);
            SupervisedRunResult result = await Progress.RunAsync(host, run.Style(parsed), view => Interruption.GuardAsync(run.CommandLine("pretrain", parsed), () =>
            {
                var work = new PretrainRun(options, new ErrorLogger(view.Line, parsed.GetValue(verbose)));
                var progress = new SupervisedView(view, SupervisedView.OfSft);
                return resume ? work.ResumeAsync(progress, cancellation) : work.RunAsync(progress, cancellation);
            })).ConfigureAwait(false);
            SupervisedSession.Conclude(host, result);
            return ExitCode.Success;
        });
        return command;
    }
}
