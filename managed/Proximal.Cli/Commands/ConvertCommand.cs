using System.CommandLine;
using Proximal.Cli.Models;
using Proximal.Cli.Terminal;
using Proximal.Models;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal convert</c>: a model in another format or type.</summary>
internal static class ConvertCommand
{
    private const string Description =
        "Write a model in another format or type: a Hugging Face folder, or a GGUF file for llama.cpp, Ollama and LLamaSharp.\n\n"
        + "MODEL is all that the other commands read: a Hugging Face folder, a .gguf file, a llama2.c .bin file, or a PEFT adapter's folder, which is merged into its base model. "
        + "With --to peft an adapter's folder stays one: it is checked against its base model and copied, and --base puts another name into it.\n\n"
        + ModelOutput.Contract + "\n\n"
        + "The last line of standard output is what was written. Examples:\n"
        + "  proximal convert runs/ppo/model -o stories.gguf --type q8_0\n"
        + "  proximal convert model.gguf -o model --type bf16 --shard-size 2GB";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var model = new Argument<string>("MODEL") { Description = "A Hugging Face folder, a .gguf file, a llama2.c .bin file or a PEFT adapter's folder." };
        var output = new ModelOutput();
        var baseName = new Option<string?>("--base") { Description = "With --to peft: the name or path of the base model that the adapter is to name.", HelpName = "NAME" };
        var command = new Command("convert", Description) { model };
        output.AddTo(command);
        command.Add(baseName);
        command.SetAction(parsed =>
        {
            string path = ModelPath.Resolve(parsed.GetValue(model)!, "MODEL");
            output.Check(parsed, path);
            bool adapter = output.FormatOf(parsed) == ModelFormat.Peft;
            AdapterFolder.Require(path, adapter, parsed.GetValue(baseName));
            using Engine engine = ModelPath.StartEngine(0, new ErrorLogger(host.Log, parsed.GetValue(verbose)));
            using LanguageModel loaded = LanguageModel.Load(engine, path);
            if (adapter)
            {
                AdapterFolder.Copy(path, output.PathOf(parsed), parsed.GetValue(baseName));
                host.Print(output.PathOf(parsed) + "\n");
                return ExitCode.Success;
            }

            output.Write(parsed, loaded, output.FindTokenizer(parsed, path), host);
            return ExitCode.Success;
        });
        return command;
    }
}
