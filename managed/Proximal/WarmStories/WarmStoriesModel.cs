using System.Reflection;

namespace Proximal.WarmStories;

/// <summary>
/// The base model that the library carries: 0.8M parameters, pretrained by this engine to write very short children's stories in
/// simple English. Small enough to try training with nothing downloaded; the card beside it (README.md) says what it was made from.
/// </summary>
public static class WarmStoriesModel
{
    private const string Prefix = "Proximal.WarmStories.model.";

    private static readonly Assembly Library = typeof(WarmStoriesModel).Assembly;

    /// <summary>The names of its files: config.json, model.safetensors, the tokenizer's and the model card.</summary>
    internal static IEnumerable<string> Files => Library.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(name => name[Prefix.Length..]);

    /// <summary>Writes the model and its tokenizer as a Hugging Face folder (1.7 MB), which everything that takes a model's path loads.</summary>
    /// <param name="directory">The folder; it is created, with its parents. Files of these names in it are replaced.</param>
    /// <returns>The folder, absolute.</returns>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static string WriteTo(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string folder = Directory.CreateDirectory(directory).FullName;
        foreach (string file in Files)
        {
            Write(file, Path.Combine(folder, file));
        }

        return folder;
    }

    /// <summary>Beside and renamed: who reads the folder meanwhile finds each file whole.</summary>
    private static void Write(string file, string path)
    {
        string unfinished = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (Stream embedded = Library.GetManifestResourceStream(Prefix + file)!)
            using (FileStream target = File.Create(unfinished))
            {
                embedded.CopyTo(target);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
