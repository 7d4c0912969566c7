using Microsoft.Extensions.Logging;
using Proximal.Hub;
using Proximal.Models;

namespace Proximal.Cli.Models;

/// <summary>Opens models that the command line names.</summary>
internal static class ModelPath
{
    /// <summary>The path of a model: what is there, else the snapshot of a hub's model that has been pulled.</summary>
    /// <exception cref="CommandException">There is neither.</exception>
    public static string Resolve(string path, string option) => Path.Exists(path)
        ? path
        : HubModels.Find(path) ?? throw new CommandException(
            ExitCode.Data,
            $"{option} {path}: does not exist; give a Hugging Face folder, a .gguf file or a llama2.c .bin file{HubModels.Advice(path)}");

    /// <summary>Starts an engine.</summary>
    public static Engine StartEngine(int threads, ILogger logger) => new(new EngineOptions { Threads = threads, Logger = logger });

    /// <summary>Loads a model with the head of its file.</summary>
    public static LanguageModel Load(Engine engine, string path) => LanguageModel.Load(engine, Resolve(path, "--model"));
}
