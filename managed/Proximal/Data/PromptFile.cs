using System.Text.Json;

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
        JsonElement row = Parse(path, line, text);
        if (row.ValueKind != JsonValueKind.Object)
        {
            throw new DataFileException(
                path, line, $"expected a JSON object such as {{\"{field}\": \"...\"}}, got a JSON {Kind(row)}");
        }

        if (!row.TryGetProperty(field, out JsonElement prompt))
        {
            string fields = string.Join(", ", row.EnumerateObject().Select(property => $"'{property.Name}'"));
            throw new DataFileException(
                path, line, $"the row has no field '{field}' (it has {(fields.Length > 0 ? fields : "none")}): add it, or name another field");
        }

        if (prompt.ValueKind != JsonValueKind.String)
        {
            throw new DataFileException(
                path, line, $"the field '{field}' is a JSON {Kind(prompt)}: expected a string, the prompt's text");
        }

        string value = Text(path, line, field, prompt);
        return value.Length > 0
            ? new Prompt { Text = value, File = path, Line = line, Metadata = row }
            : throw new DataFileException(path, line, $"the field '{field}' is empty: give the prompt a text or drop the row");
    }

    private static JsonElement Parse(string path, int line, string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new DataFileException(
                path, line, $"the line is not JSON (byte {exception.BytePositionInLine}): expected one object a line", exception);
        }
    }

    private static string Text(string path, int line, string field, JsonElement prompt)
    {
        try
        {
            return prompt.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new DataFileException(
                path, line, $"the field '{field}' holds half a surrogate pair: repair the \\u escape", exception);
        }
    }

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Null => "null",
        JsonValueKind.Number => "number",
        JsonValueKind.String => "string",
        JsonValueKind.Array => "array",
        _ => "object",
    };
}
