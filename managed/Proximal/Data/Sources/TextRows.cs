using System.Text.Json;

namespace Proximal.Data.Sources;

/// <summary>Reads the lines of a text file as rows of one field.</summary>
internal static class TextRows
{
    /// <summary>Reads the rows one after the other; lines of nothing but white space are skipped.</summary>
    /// <param name="file">The file.</param>
    /// <param name="what">What the file is, for messages.</param>
    /// <param name="field">The field that a line is.</param>
    /// <exception cref="DataFileException">It cannot be read or is not UTF-8.</exception>
    public static IEnumerable<JsonRow> Read(RowFile file, string what, string field)
    {
        using Stream stream = file.Open(what);
        using var reader = new StreamReader(stream, DataFileException.Utf8);
        for (int line = 1; DataFileException.Guard(file.Path, what, reader.ReadLine) is { } text; line++)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                yield return new JsonRow(file.Path, line, JsonSerializer.SerializeToElement(new Dictionary<string, string> { [field] = text }));
            }
        }
    }
}
