using System.CommandLine;
using Proximal.Cli.Models;
using Proximal.Cli.Terminal;
using Proximal.Internal;
using Proximal.Models;
using Proximal.Reports;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal export</c>: a run's model with a card, ready to be passed on.</summary>
internal static class ExportCommand
{
    private const string CardFile = "README.md";
    private const string EvaluationFile = "eval.md";

    private const string Description =
        "Write the model of a run with a model card, as a folder that can be uploaded to a hub or handed to llama.cpp.\n\n"
        + "RUN is the folder that sft, rm, ppo or pretrain wrote. The card (README.md) says what the run's files say: base model, data by name, length and hash, every setting, "
        + "validation, warnings, and of each --eval folder the figures. It holds no path of this machine, and says that the licence is unknown unless --license names it.\n\n"
        + ModelOutput.Contract + "\n\n"
        + "The last line of standard output is the folder. Examples:\n"
        + "  proximal export runs/ppo -o stories --type bf16 --eval runs/eval --license mit\n"
        + "  proximal export runs/ppo -o stories-gguf --to gguf --type q8_0";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var run = new Argument<string>("RUN") { Description = "The folder of a run that has ended." };
        var evaluations = new Option<string[]>("--eval")
        {
            Description = "Folders of `proximal eval`: their figures go into the card.",
            HelpName = "DIR",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        var license = new Option<string?>("--license") { Description = "The licence, by the hub's identifier, such as mit or apache-2.0. [default: unknown]", HelpName = "ID" };
        var output = new ModelOutput(alwaysFolder: true);
        var command = new Command("export", Description) { run };
        output.AddTo(command);
        command.Add(evaluations);
        command.Add(license);
        command.SetAction(parsed =>
        {
            string folder = parsed.GetValue(run)!;
            string model = ModelOf(folder);
            string[] figures = [.. parsed.GetValue(evaluations)!.Select(ReadEvaluation)];
            output.Check(parsed, folder, model);
            if (output.FormatOf(parsed) == ModelFormat.Peft)
            {
                throw new CommandException(ExitCode.Usage, "--to peft: a run leaves whole weights and no adapter; give hf or gguf");
            }

            RunData data = RunData.Read(folder);
            using Engine engine = ModelPath.StartEngine(0, new ErrorLogger(host.Log, parsed.GetValue(verbose)));
            using LanguageModel loaded = LanguageModel.Load(engine, model);
            ModelSummary summary = output.Write(parsed, loaded, output.FindTokenizer(parsed, model), host);
            string target = output.PathOf(parsed);
            string name = output.NameOf(parsed) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(target)));
            string format = output.FormatOf(parsed) == ModelFormat.Gguf ? "gguf" : "transformers";
            AtomicFile.WriteText(Path.Combine(target, CardFile), ModelCard.Write(data, summary, name, parsed.GetValue(license), figures, format));
            return ExitCode.Success;
        });
        return command;
    }

    private static string ModelOf(string folder)
    {
        string model = Path.Combine(folder, RunFolder.ModelFolder);
        return Directory.Exists(model) ? model : throw new CommandException(
            ExitCode.Data,
            !Directory.Exists(folder) ? $"RUN {folder}: does not exist; give the folder of a run"
            : File.Exists(Path.Combine(folder, "config.json")) ? $"RUN {folder}: it is a model, no run, and says nothing of its training; use proximal convert"
            : $"RUN {folder}: it holds no {RunFolder.ModelFolder}/: the run has not ended; resume it, or convert the model in one of its checkpoints");
    }

    private static string ReadEvaluation(string folder)
    {
        string file = Path.Combine(folder, EvaluationFile);
        return File.Exists(file) ? File.ReadAllText(file) : throw new CommandException(
            ExitCode.Data, $"--eval {folder}: it holds no {EvaluationFile}; give a folder that proximal eval wrote");
    }
}
