namespace Proximal.Data;

/// <summary>Reads prompts: a JSONL file with one object a line, or a TXT file with one prompt a line. UTF-8.</summary>
/// <remarks>The ending decides: <c>.jsonl</c> and <c>.ndjson</c>, or <c>.txt</c>. Empty lines are skipped.</remarks>
public static class PromptFile
{
    /// <summary>The field that holds the prompt when no other is named.</summary>
    public const string DefaultField = "prompt";

    /// <summary>Reads all prompts of a file, in order.</summary>
    /// <param name="path">The file.</param>
    /// <param name="field">The field of a JSONL row that holds the prompt.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used; the text names file, line, field and the fix.</exception>
    public static IReadOnlyList<Prompt> Read(string path, string field = DefaultField)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(field);
        bool json = IsJson(path);
        string[] lines = DataFileException.ReadLines(path, "The prompt file");
        var prompts = new List<Prompt>(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            if (!string.IsNullOrWhiteSpace(lines[i]))
            {
                prompts.Add(json ? FromJson(path, i + 1, lines[i], field) : FromText(path, i + 1, lines[i]));
            }
        }

        return prompts.Count > 0
            ? prompts
            : throw new DataFileException(path, null, "the file has no prompts: expected one a line");
    }

    private static bool IsJson(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".JSONL" or ".NDJSON" => true,
        ".TXT" => false,
        string other => throw new DataFileException(
            path, null, $"prompts are read from .jsonl, .ndjson and .txt files, not from '{other}': convert or rename the file"),
    };

    private static Prompt FromText(string path, int line, string text) =>
        new() { Text = text, File = path, Line = line };

    private static Prompt FromJson(string path, int line, string text, string field)
    {
        JsonRow row = JsonRow.Of(path, line, JsonRow.Parse(path, line, text), $"{{\"{field}\": \"...\"}}");
        return new Prompt { Text = row.Text(field, "the prompt's text"), File = path, Line = line, Metadata = row.Object };
    }
}
