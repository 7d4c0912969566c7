using System.CommandLine;
using Proximal.Cli.Models;
using Proximal.Cli.Terminal;
using Proximal.Models;
using Proximal.Rollouts;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal chat</c>: a conversation with a model.</summary>
internal static class ChatCommand
{
    private const string Description =
        "Hold a conversation with a model.\n\n"
        + "Every line of standard input is a message; the answer goes to standard output as it is drawn. /reset begins anew, /quit ends (so does "
        + "the end of the input, Ctrl-D), /help says so. Ctrl-C ends the answer, which counts as far as it came; once more, or at the prompt, it ends the program. The model needs a chat template and a tokenizer.";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var model = new Argument<string>("MODEL") { Description = "A Hugging Face folder or a .gguf file." };
        var system = new Option<string?>("--system") { Description = "The system message that begins the conversation.", HelpName = "TEXT" };
        var rows = new RowOptions();
        var sampling = new SamplingArguments();
        var command = new Command("chat", Description);
        command.Add(model);
        command.Add(system);
        sampling.AddOneTo(command);
        command.Add(rows.Tokenizer);
        command.Add(rows.StopTokenIds);
        command.Add(rows.Threads);
        command.SetAction(async (parsed, cancellation) =>
        {
            string path = ModelPath.Resolve(parsed.GetValue(model)!, "MODEL");
            var codec = new TextCodec(path, parsed.GetValue(rows.Tokenizer));
            codec.Require();
            if (codec.Chat is null)
            {
                throw new CommandException(ExitCode.Data, $"{path} has no chat template: `proximal generate` works without one");
            }

            using Engine engine = ModelPath.StartEngine(parsed.GetValue(rows.Threads), new ErrorLogger(host.Log, parsed.GetValue(verbose)));
            using LanguageModel language = ModelPath.Load(engine, path);
            GenerateCommand.RequireLanguageModel(language, path);
            IReadOnlyList<int> stops = GenerateCommand.StopTokensOf(parsed.GetValue(rows.StopTokenIds), path, codec, host);
            using var generator = new Generator(language, new GeneratorOptions { Seed = parsed.GetValue(sampling.Seed), MaxBatch = 1 });
            var dialog = new ChatDialog(host, generator, codec, sampling.Read(parsed), stops, parsed.GetValue(system));
            return await dialog.RunAsync(cancellation).ConfigureAwait(false);
        });
        return command;
    }
}
