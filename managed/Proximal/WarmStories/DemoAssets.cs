using System.Reflection;
using Proximal.Runs;

namespace Proximal.WarmStories;

/// <summary>Brings the base model and the preference triples into the folder of a demo.</summary>
internal static class DemoAssets
{
    private const string ModelPrefix = "Proximal.WarmStories.model.";
    private const string Triples = "Proximal.WarmStories.preferences.jsonl";

    private static readonly Assembly Library = typeof(DemoAssets).Assembly;

    /// <summary>Writes the base model, embedded or the recipe's own.</summary>
    /// <returns>The triples.</returns>
    /// <exception cref="RunFolderException">A file cannot be written.</exception>
    public static IReadOnlyList<DemoTriple> WriteTo(DemoFolder folder, DemoRecipe recipe)
    {
        try
        {
            Directory.CreateDirectory(folder.Base);
            if (recipe.BaseModel is { } own)
            {
                Copy(own, folder.Base);
            }
            else
            {
                Extract(folder.Base);
            }

            return DemoTriple.Read(recipe.Preferences ?? ExtractTriples(folder));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(folder.Root, $"{folder.Root} cannot be written: {failure.Message} Name another output folder.", failure);
        }
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        }
    }

    private static void Extract(string to)
    {
        foreach (string name in Library.GetManifestResourceNames().Where(name => name.StartsWith(ModelPrefix, StringComparison.Ordinal)))
        {
            Extract(name, Path.Combine(to, name[ModelPrefix.Length..]));
        }
    }

    private static string ExtractTriples(DemoFolder folder)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.Triples)!);
        Extract(Triples, folder.Triples);
        return folder.Triples;
    }

    private static void Extract(string name, string path)
    {
        using Stream embedded = Library.GetManifestResourceStream(name)!;
        using FileStream file = File.Create(path);
        embedded.CopyTo(file);
    }
}
