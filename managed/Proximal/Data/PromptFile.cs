using System.Text.Json;
using Proximal.ChatTemplates;

namespace Proximal.Data;

/// <summary>Reads prompts: a JSONL file with one object a line, or a TXT file with one prompt a line. UTF-8.</summary>
/// <remarks>
/// A prompt of a JSONL file is a text or a list of messages, for which the model's chat template opens the assistant's turn;
/// rows without the field <c>prompt</c> may have <c>messages</c>. ROWS.md beside this file shows every form.
/// The ending decides: <c>.jsonl</c> and <c>.ndjson</c>, or <c>.txt</c>. Empty lines are skipped.
/// </remarks>
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
        string from = field == DefaultField && !row.Has(field) && row.Has(ChatMessages.DefaultField) ? ChatMessages.DefaultField : field;
        var prompt = new Prompt { File = path, Line = line, Metadata = row.Object };
        return from == ChatMessages.DefaultField || row.IsList(from)
            ? prompt with { Conversation = ToAnswer(row, from) }
            : prompt with { Text = row.Text(from, "the prompt's text") };
    }

    /// <summary>The conversation of a row that the model is to go on with.</summary>
    /// <exception cref="DataFileException">The row cannot be used.</exception>
    internal static ChatRequest ToAnswer(JsonRow row, string field)
    {
        JsonElement messages = row.Messages(field);
        return ChatMessages.IsAssistants(messages[messages.GetArrayLength() - 1])
            ? throw row.Wrong($"the field '{field}' ends with a message of the role 'assistant', which the model is to write: drop that message")
            : row.Conversation(messages) with { AddGenerationPrompt = true };
    }
}
