using System.CommandLine;
using Proximal.Cli.Models;
using Proximal.Cli.Rows;
using Proximal.Cli.Terminal;
using Proximal.Models;
using Proximal.Rollouts;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal generate</c>: responses to prompts.</summary>
internal static class GenerateCommand
{
    private const string Description =
        "Generate responses to prompts.\n\n"
        + "A row holds `tokens`, `prompt` or `messages` (with `tools` and `documents` if it likes: the model's chat template writes them and opens the "
        + "answer, or goes on with a last message that is the assistant's). The answer holds `prompt_tokens`, `tokens` (a stop token included), `text` (how the prompt goes on, without it "
        + "and without special tokens; null when there is no tokenizer), `logprobs` (of the sampled tokens at the temperature, before top-k, top-p and "
        + "min-p) and `finish_reason` (stop or length). With --n above 1 the last four are in the objects of a list `samples`.\n\n"
        + "Sample k of row r (both from 0, bad rows counted) draws its numbers from the seed and r * 65536 + k: never from the rows around it.\n\n"
        + RowOptions.Contract;

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var rows = new RowOptions();
        var sampling = new SamplingArguments();
        var command = new Command("generate", Description);
        rows.AddTo(command);
        sampling.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = ModelPath.Resolve(parsed.GetValue(rows.Model)!, "--model");
            using RowReader reader = RowReader.Open(parsed.GetValue(rows.Input)!, host);
            using Engine engine = ModelPath.StartEngine(parsed.GetValue(rows.Threads), new ErrorLogger(host.Log, parsed.GetValue(verbose)));
            using LanguageModel model = ModelPath.Load(engine, path);
            RequireLanguageModel(model, path);
            var codec = new TextCodec(path, parsed.GetValue(rows.Tokenizer));
            IReadOnlyList<int> stops = StopTokensOf(parsed.GetValue(rows.StopTokenIds), path, codec, host);
            using RowWriter writer = RowWriter.Open(parsed.GetValue(rows.Output), host);
            using var generator = new Generator(model, sampling.ReadGenerator(parsed));
            var work = new RowGenerator(generator, codec, writer, sampling.Read(parsed), stops);
            return await Progress.RunAsync(
                host, rows.ProgressOf(parsed, host), view => work.RunAsync(reader, view, cancellation)).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>Throws unless the model has a distribution over tokens.</summary>
    public static void RequireLanguageModel(LanguageModel model, string path)
    {
        if (model.Info.Head != ModelHead.LanguageModel)
        {
            throw new CommandException(ExitCode.Data, $"--model {path}: has a reward head and cannot generate; give a language model (or use `proximal score`)");
        }
    }

    /// <summary>The tokens that end a response: those given, else the model's, else the tokenizer's end token.</summary>
    public static IReadOnlyList<int> StopTokensOf(int[]? given, string path, TextCodec codec, CliHost host)
    {
        IReadOnlyList<int> stops = given is { Length: > 0 } ? given : StopTokens.OfModel(path);
        stops = stops.Count == 0 && codec.EosTokenId is { } end ? [end] : stops;
        if (stops.Count == 0)
        {
            host.Log("warning: no stop tokens are known, so every response runs to --max-new-tokens; give --stop-token-ids");
        }

        return stops;
    }
}
