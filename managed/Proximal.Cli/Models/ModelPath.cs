using Microsoft.Extensions.Logging;
using Proximal.Models;

namespace Proximal.Cli.Models;

/// <summary>Opens models that the command line names.</summary>
internal static class ModelPath
{
    /// <summary>Throws unless there is a folder or file.</summary>
    public static void RequireExists(string path, string option)
    {
        if (!Path.Exists(path))
        {
            throw new CommandException(
                ExitCode.Data, $"{option} {path}: does not exist; give a Hugging Face folder, a .gguf file or a llama2.c .bin file");
        }
    }

    /// <summary>Starts an engine.</summary>
    public static Engine StartEngine(int threads, ILogger logger) => new(new EngineOptions { Threads = threads, Logger = logger });

    /// <summary>Loads a model with the head of its file.</summary>
    public static LanguageModel Load(Engine engine, string path)
    {
        RequireExists(path, "--model");
        return LanguageModel.Load(engine, path);
    }
}
