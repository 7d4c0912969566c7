using System.CommandLine;
using Proximal.Evaluation;
using Proximal.Hub;

namespace Proximal.Cli.Commands;

/// <summary>What <c>eval</c> and <c>judge</c> ask of an evaluation.</summary>
internal static class EvaluationArguments
{
    /// <summary>Throws before anything is read when a model is missing.</summary>
    public static void RequireInputs(EvaluationRunOptions options)
    {
        Require("baseline", options.Baseline);
        Require("model", options.Model);
        foreach ((string name, string path) in options.References.Where(reference => !Path.Exists(reference.Value)))
        {
            throw new CommandException(ExitCode.Data, $"references.{name}: {path} does not exist; name a Hugging Face folder or a llama2.c .bin file");
        }

        if (options.Tokenizer is { } tokenizer && !Path.Exists(tokenizer))
        {
            throw new CommandException(ExitCode.Data, $"tokenizer: {tokenizer} does not exist; name a folder with a tokenizer.json, or the file");
        }

        RunInputs.RequireTemplate(string.Empty, options.ChatTemplate);
        if (options.Output is { } output)
        {
            try
            {
                EvaluationFolder.CheckFree(output, options.Overwrite);
            }
            catch (Runs.RunFolderException failure)
            {
                throw new CommandException(ExitCode.Data, $"output: {failure.Message}", failure);
            }
        }
    }

    private static void Require(string key, string path)
    {
        if (!Path.Exists(path))
        {
            throw new CommandException(ExitCode.Data, $"{key}: {path} does not exist; name a Hugging Face folder, a .gguf file or a llama2.c .bin file (--{key} PATH), {HubModels.Hint}");
        }
    }
}
