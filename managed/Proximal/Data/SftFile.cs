using System.Text.Json;
using Proximal.ChatTemplates;
using Proximal.Data.Formats;

namespace Proximal.Data;

/// <summary>Reads examples of supervised fine-tuning: rows with prompt and response, with a text, or with the messages of a conversation.</summary>
/// <remarks>ROWS.md beside this file shows every form.</remarks>
public static class SftFile
{
    /// <summary>Reads all examples of a file, of the files in a folder or of those that fit a pattern, in order.</summary>
    /// <param name="path">The file, folder or pattern; rows are of JSON, CSV or Parquet.</param>
    /// <param name="fields">The names of the fields; <see langword="null"/>: prompt, response, text and messages.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used; the text names file, line, field and the fix.</exception>
    public static IReadOnlyList<SftExample> Read(string path, SftFields? fields = null)
    {
        fields ??= new SftFields();
        fields.Validate();
        return [.. Stream(new DataSource(path) { Names = RowNames.Of(fields) })];
    }

    /// <summary>Reads the examples of a source one after the other, without those that are labelled as bad.</summary>
    /// <param name="source">The files.</param>
    /// <param name="leaveOut">Receives the rows that are left out.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used, or there is no row; the text names file, line, field and the fix.</exception>
    internal static IEnumerable<SftExample> Stream(DataSource source, Action<JsonRow>? leaveOut = null)
    {
        SftFields fields = new ShapedRow(default, RowLayout.Of(DataFormat.Trl).With(source.Names), DataFormat.Trl).OfExamples();
        string example = $"{{\"{fields.Prompt}\": \"...\", \"{fields.Response}\": \"...\"}}, {{\"{fields.Text}\": \"...\"}} or {{\"{fields.Messages}\": [...]}}";
        return ShapedRows.Convert(source, RowUse.Examples, "The file of examples", example, row => Example(row.Row, row.OfExamples()), textField: null, leaveOut ?? (_ => { }));
    }

    /// <summary>The example of a row.</summary>
    /// <exception cref="DataFileException">The row cannot be used.</exception>
    internal static SftExample Example(JsonRow row, SftFields fields)
    {
        bool pair = row.Has(fields.Prompt) || row.Has(fields.Response);
        string pairField = row.Has(fields.Prompt) ? fields.Prompt : fields.Response;
        string[] forms =
        [
            .. pair ? new[] { pairField } : [],
            .. new[] { fields.Text, fields.Messages }.Where(field => row.Has(field) && field != fields.Prompt && field != fields.Response),
        ];
        if (forms.Length > 1)
        {
            throw row.Wrong($"the row has both '{forms[^1]}' and '{forms[0]}': keep {(forms[^1] == fields.Text ? "the text" : "the messages")}, or "
                + (pair ? "prompt and response" : "the text"));
        }

        return forms switch
        {
            [string form] when form == fields.Messages && !pair => Learned(row, row.Messages(form), promptMessages: 0, form),
            [string form] when form == fields.Text && !pair => new SftExample { Response = row.Text(form, "a text"), File = row.File, Line = row.Line },
            _ when row.IsList(fields.Prompt) || row.IsList(fields.Response) => Answered(row, fields),
            _ => new SftExample
            {
                Prompt = row.Text(fields.Prompt, "the prompt's text"),
                Response = row.Text(fields.Response, "the response's text"),
                File = row.File,
                Line = row.Line,
            },
        };
    }

    /// <summary>A prompt of messages and the messages that answer it.</summary>
    private static SftExample Answered(JsonRow row, SftFields fields)
    {
        JsonElement prompt = row.Messages(fields.Prompt);
        JsonElement response = row.Messages(fields.Response);
        return Learned(row, ChatMessages.Join(prompt, response), prompt.GetArrayLength(), fields.Response);
    }

    private static SftExample Learned(JsonRow row, JsonElement messages, int promptMessages, string field) =>
        messages.EnumerateArray().Skip(promptMessages).Any(ChatMessages.IsAssistants)
            ? new SftExample
            {
                Conversation = row.Conversation(messages),
                PromptMessages = promptMessages,
                File = row.File,
                Line = row.Line,
            }
            : throw row.Wrong($"the field '{field}' has no message of the role 'assistant', so there is nothing to learn: add the answer or drop the row");
}
