namespace Proximal.Evaluation;

/// <summary>Texts within the library.</summary>
internal static class EmbeddedText
{
    /// <summary>The lines of a text, without empty ones and without those that start with #.</summary>
    public static string[] Lines(string name)
    {
        using Stream file = typeof(EmbeddedText).Assembly.GetManifestResourceStream($"Proximal.Evaluation.{name}")!;
        using var reader = new StreamReader(file);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => line[0] != '#')];
    }
}
