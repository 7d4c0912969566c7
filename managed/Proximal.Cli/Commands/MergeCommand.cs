using System.CommandLine;
using Proximal.Cli.Models;
using Proximal.Cli.Terminal;
using Proximal.Models;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal merge</c>: a LoRA adapter in the weights of its base model.</summary>
internal static class MergeCommand
{
    private const string Description =
        "Merge a PEFT LoRA adapter into the weights of a base model, and write the result.\n\n"
        + "Each matrix becomes W + scale B A, computed in double and rounded once. Adapters that are more than plain LoRA, or do not fit the base model, are refused by name.\n\n"
        + ModelOutput.Contract + "\n\n"
        + "The last line of standard output is what was written. Example:\n"
        + "  proximal merge base --adapter lora -o merged";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var model = new Argument<string>("MODEL") { Description = "The base model: a Hugging Face folder or a .gguf file." };
        var adapter = new Option<string>("--adapter") { Description = "The adapter's folder: adapter_config.json and adapter_model.safetensors.", HelpName = "DIR", Required = true };
        var output = new ModelOutput();
        var command = new Command("merge", Description) { model, adapter };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            string path = ModelPath.Resolve(parsed.GetValue(model)!, "MODEL");
            string folder = ModelPath.Resolve(parsed.GetValue(adapter)!, "--adapter");
            output.Check(parsed, path, folder);
            if (output.FormatOf(parsed) == ModelFormat.Peft)
            {
                throw new CommandException(ExitCode.Usage, "--to peft: a merged model is no adapter; give hf or gguf");
            }

            using Engine engine = ModelPath.StartEngine(0, new ErrorLogger(host.Log, parsed.GetValue(verbose)));
            using LanguageModel merged = LanguageModel.LoadAdapter(engine, folder, path);
            output.Write(parsed, merged, output.FindTokenizer(parsed, folder, path), host);
            return ExitCode.Success;
        });
        return command;
    }
}
