namespace Proximal.Data;

/// <summary>Reads preference pairs: rows with a prompt, the better and the worse answer.</summary>
public static class PreferenceFile
{
    /// <summary>Reads the pairs of a .jsonl, .ndjson or .json file, in order, without those whose answers are the same.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identical">Receives how many pairs were left out because both answers are the same.</param>
    /// <param name="fields">The names of the fields; <see langword="null"/>: prompt, chosen, rejected and margin.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used; the text names file, line, field and the fix.</exception>
    public static IReadOnlyList<PreferencePair> Read(string path, out int identical, PreferenceFields? fields = null)
    {
        fields ??= new PreferenceFields();
        fields.Validate();
        string example = $"{{\"{fields.Prompt}\": \"...\", \"{fields.Chosen}\": \"...\", \"{fields.Rejected}\": \"...\"}}";
        IReadOnlyList<JsonRow> rows = JsonRows.Read(path, "The file of preference pairs", example);
        PreferencePair[] pairs = [.. rows.Select(row => Pair(row, fields)).Where(pair => pair.Chosen != pair.Rejected)];
        identical = rows.Count - pairs.Length;
        return pairs.Length > 0
            ? pairs
            : throw new DataFileException(
                path, null, $"in all {rows.Count} rows both answers are the same, which says nothing: check the fields '{fields.Chosen}' and '{fields.Rejected}'");
    }

    private static PreferencePair Pair(JsonRow row, PreferenceFields fields)
    {
        double margin = row.Number(fields.Margin);
        return margin >= 0
            ? new PreferencePair
            {
                Prompt = row.Text(fields.Prompt, "the prompt's text"),
                Chosen = row.Text(fields.Chosen, "the better answer's text"),
                Rejected = row.Text(fields.Rejected, "the worse answer's text"),
                Margin = margin,
                File = row.File,
                Line = row.Line,
            }
            : throw row.Wrong($"the field '{fields.Margin}' is {margin}: expected at least 0; swap the answers if the other one is better");
    }
}
