using Proximal.Hub;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary>Finds what is missing before anything is read, and says so by key and file.</summary>
internal static class RunInputs
{
    /// <summary>Requires the start model, the tokenizer and a run folder that is free or to be gone on with.</summary>
    public static void Require(string file, RunOptions options, bool resume)
    {
        RequireModel(file, "model", options.Model);
        if (options.Tokenizer is { } tokenizer && !Path.Exists(tokenizer))
        {
            throw new CommandException(
                ExitCode.Data, $"{file}: tokenizer: {tokenizer} does not exist; name a folder with a tokenizer.json, or the file");
        }

        RequireTemplate($"{file}: ", options.ChatTemplate);
        try
        {
            RunFolder.CheckFree(options.Output, options.Overwrite || resume);
        }
        catch (RunFolderException failure)
        {
            throw new CommandException(ExitCode.Data, $"{file}: output: {failure.Message}", failure);
        }
    }

    /// <summary>Requires the file of the key chat_template; <see langword="null"/> needs none.</summary>
    public static void RequireTemplate(string where, string? template)
    {
        if (template is not null && !File.Exists(template))
        {
            throw new CommandException(ExitCode.Data, $"{where}chat_template: {template} does not exist; name a .jinja file");
        }
    }

    /// <summary>Requires a model that a key names; <see langword="null"/> needs none.</summary>
    public static void RequireModel(string file, string key, ModelSource? source)
    {
        if (source is { Init: { } configuration } && !Path.Exists(configuration))
        {
            throw new CommandException(
                ExitCode.Data,
                $"{file}: {key}.init: {configuration} does not exist; name a config.json or its folder (--set {key}.init=PATH)");
        }

        if (source is { Path: { } path } && !Path.Exists(path))
        {
            throw new CommandException(
                ExitCode.Data,
                $"{file}: {key}: {path} does not exist; name a Hugging Face folder, a .gguf file or a llama2.c .bin file (--set {key}=PATH), {HubModels.Hint}");
        }
    }
}
