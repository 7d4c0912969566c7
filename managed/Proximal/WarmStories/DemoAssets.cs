using Proximal.Runs;

namespace Proximal.WarmStories;

/// <summary>Brings the base model and the preference triples into the folder of a demo.</summary>
internal static class DemoAssets
{
    private const string Triples = "Proximal.WarmStories.preferences.jsonl";

    /// <summary>Writes the base model, embedded or the recipe's own.</summary>
    /// <returns>The triples.</returns>
    /// <exception cref="RunFolderException">A file cannot be written.</exception>
    public static IReadOnlyList<DemoTriple> WriteTo(DemoFolder folder, DemoRecipe recipe)
    {
        try
        {
            if (recipe.BaseModel is { } own)
            {
                Copy(own, folder.Base);
            }
            else
            {
                WarmStoriesModel.WriteTo(folder.Base);
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
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        }
    }

    private static string ExtractTriples(DemoFolder folder)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.Triples)!);
        using Stream embedded = typeof(DemoAssets).Assembly.GetManifestResourceStream(Triples)!;
        using FileStream file = File.Create(folder.Triples);
        embedded.CopyTo(file);
        return folder.Triples;
    }
}
