using System.Text.Json;
using Proximal.ChatTemplates;
using Proximal.Data.Formats;
using Proximal.Data.Sources;

namespace Proximal.Data;

/// <summary>Reads prompts: of rows of JSON, CSV or Parquet, or a text file with one prompt a line. UTF-8.</summary>
/// <remarks>
/// A prompt of a row is a text or a list of messages, for which the model's chat template opens the assistant's turn;
/// rows without the field <c>prompt</c> may have <c>messages</c>. ROWS.md beside this file shows every form.
/// The ending decides how rows are written. Empty lines are skipped.
/// </remarks>
public static class PromptFile
{
    /// <summary>The field that holds the prompt when no other is named.</summary>
    public const string DefaultField = "prompt";

    /// <summary>Reads all prompts of a file, of the files in a folder or of those that fit a pattern, in order.</summary>
    /// <param name="path">The file, folder or pattern.</param>
    /// <param name="field">The field of a row that holds the prompt.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used; the text names file, line, field and the fix.</exception>
    public static IReadOnlyList<Prompt> Read(string path, string field = DefaultField)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(field);
        return Read(new DataSource(path) { Names = RowNames.OfPrompt(field) });
    }

    /// <summary>Reads all prompts of a source, in order.</summary>
    /// <exception cref="DataFileException">A file or a row cannot be used; the text names file, line, field and the fix.</exception>
    internal static IReadOnlyList<Prompt> Read(DataSource source)
    {
        string field = source.Names.Prompt ?? DefaultField;
        return [.. ShapedRows.Convert(source, RowUse.Prompts, "The prompt file", $"{{\"{field}\": \"...\"}}", OfRow, field)];
    }

    private static Prompt OfRow(ShapedRow shaped)
    {
        (JsonRow row, RowLayout names, _) = shaped;
        if (!RowFile.Of(row.File).HasRows)
        {
            return new Prompt { Text = row.Text(names.Prompt, "the prompt's text"), File = row.File, Line = row.Line };
        }

        string from = names.Prompt == DefaultField && !row.Has(names.Prompt) && row.Has(ChatMessages.DefaultField) ? ChatMessages.DefaultField : names.Prompt;
        var prompt = new Prompt { File = row.File, Line = row.Line, Metadata = row.Original ?? row.Object };
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
