using System.CommandLine;
using Proximal.Cli.Models;
using Proximal.Cli.Rows;
using Proximal.Cli.Terminal;
using Proximal.Models;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal score</c>: log-probs, entropies and reward scores of given sequences.</summary>
internal static class ScoreCommand
{
    private const string Description =
        "Score sequences with a model.\n\n"
        + "A row holds `tokens`, or `text`, or `prompt` and `response`, or `messages` (written by the model's chat template). The answer holds `tokens`, `logprobs` (natural logarithm; same length, the "
        + "first null), `sum_logprob` and with --entropy `entropy` (nats; same length, first null). With `prompt` and `response` "
        + "the two texts are encoded as one; `response_start` is the first token that is not the prompt's own, and "
        + "`sum_logprob` is that of the response; else it is that of the whole sequence. A model with a reward head answers "
        + "`tokens` and `score` (at the last token) instead.\n\n"
        + RowOptions.Contract
        + " Rows of a file are computed in batches that depend on the file only; rows from a pipe are answered as soon as no more are waiting.";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var rows = new RowOptions();
        Option<double> temperature = NumberOption.Real(
            "--temperature", "Logits are divided by it.", 1, "a number above 0", value => value > 0 && double.IsFinite(value));
        var entropy = new Option<bool>("--entropy") { Description = "Also answer with the entropy at each token." };
        var command = new Command("score", Description);
        rows.AddTo(command);
        command.Add(temperature);
        command.Add(entropy);
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = ModelPath.Resolve(parsed.GetValue(rows.Model)!, "--model");
            using RowReader reader = RowReader.Open(parsed.GetValue(rows.Input)!, host);
            using Engine engine = ModelPath.StartEngine(parsed.GetValue(rows.Threads), new ErrorLogger(host.Log, parsed.GetValue(verbose)));
            using LanguageModel model = ModelPath.Load(engine, path);
            RequireFitting(model, parsed.GetResult(temperature) is { Implicit: false } || parsed.GetValue(entropy));
            using RowWriter writer = RowWriter.Open(parsed.GetValue(rows.Output), host);
            var codec = new TextCodec(path, parsed.GetValue(rows.Tokenizer));
            var scorer = new RowScorer(model, codec, writer, parsed.GetValue(temperature), parsed.GetValue(entropy));
            return await Progress.RunAsync(
                host, rows.ProgressOf(parsed, host), view => scorer.RunAsync(reader, view, cancellation)).ConfigureAwait(false);
        });
        return command;
    }

    private static void RequireFitting(LanguageModel model, bool distribution)
    {
        if (model.Info.Head == ModelHead.Scalar && distribution)
        {
            throw new CommandException(
                ExitCode.Usage, "--temperature and --entropy speak of a distribution over tokens, which this model's reward head has not; leave them out");
        }
    }
}
