using Proximal.Models;
using Proximal.Models.Formats;

namespace Proximal.Runs;

/// <summary>Opens the models of a run.</summary>
internal static class RunModels
{
    /// <summary>Opens a model with the head that its place in the run needs.</summary>
    /// <param name="engine">Computes it.</param>
    /// <param name="key">Its key in the configuration, for messages.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="resolve">Turns its path into one that can be opened.</param>
    /// <param name="head">The head it needs.</param>
    /// <param name="initialization">How a scalar head starts.</param>
    /// <param name="headSeed">Seed of a random scalar head.</param>
    public static LanguageModel Open(
        Engine engine,
        string key,
        ModelSource source,
        Func<string, string> resolve,
        ModelHead head,
        HeadInitialization initialization = HeadInitialization.FromFile,
        ulong headSeed = 0)
    {
        string path = resolve(source.Location);
        try
        {
            return source.Path is null
                ? LanguageModel.Create(engine, path, source.Seed, head, initialization, headSeed)
                : LanguageModel.Load(engine, path, head, initialization, headSeed);
        }
        catch (ArgumentException exception)
        {
            string kind = head == ModelHead.Scalar ? "a scalar head (score.weight)" : "a language-model head";
            throw new ArgumentException($"{key}: {path} has not {kind}, which the {key} needs: name a model that has it.", exception);
        }
    }

    /// <summary>Where a run's tokenizer is: where the options say, else beside the model, else in a .gguf file itself.</summary>
    public static string TokenizerPath(string? tokenizer, ModelSource model, Func<string, string> resolve)
    {
        string path = resolve(tokenizer ?? model.Location);
        return tokenizer is not null || (GgufPath.Of(path) == path && !Tokenization.Tokenizer.IsAt(FolderOf(path))) ? path : FolderOf(path);
    }

    /// <summary>The folder of a file, or the folder itself.</summary>
    public static string FolderOf(string path) =>
        File.Exists(path) ? Path.GetDirectoryName(path) ?? path : path;
}
