namespace Proximal.Data;

/// <summary>Reads examples of supervised fine-tuning: rows with prompt and response, or with a text.</summary>
public static class SftFile
{
    /// <summary>Reads all examples of a .jsonl, .ndjson or .json file, in order.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fields">The names of the fields; <see langword="null"/>: prompt, response and text.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used; the text names file, line, field and the fix.</exception>
    public static IReadOnlyList<SftExample> Read(string path, SftFields? fields = null)
    {
        fields ??= new SftFields();
        fields.Validate();
        string example = $"{{\"{fields.Prompt}\": \"...\", \"{fields.Response}\": \"...\"}} or {{\"{fields.Text}\": \"...\"}}";
        return [.. JsonRows.Read(path, "The file of examples", example).Select(row => Example(row, fields))];
    }

    private static SftExample Example(JsonRow row, SftFields fields)
    {
        bool pair = row.Has(fields.Prompt) || row.Has(fields.Response);
        if (pair && row.Has(fields.Text) && fields.Text != fields.Prompt && fields.Text != fields.Response)
        {
            throw row.Wrong(
                $"the row has both '{fields.Text}' and '{(row.Has(fields.Prompt) ? fields.Prompt : fields.Response)}': keep the text, or prompt and response");
        }

        return pair || !row.Has(fields.Text)
            ? new SftExample
            {
                Prompt = row.Text(fields.Prompt, "the prompt's text"),
                Response = row.Text(fields.Response, "the response's text"),
                File = row.File,
                Line = row.Line,
            }
            : new SftExample { Response = row.Text(fields.Text, "a text"), File = row.File, Line = row.Line };
    }
}
