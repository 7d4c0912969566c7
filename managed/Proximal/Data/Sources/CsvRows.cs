using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Proximal.Data.Sources;

/// <summary>Reads the rows of a file of cells, whose first record names the fields.</summary>
/// <remarks>
/// Cells are texts, whatever they look like; where a number or a truth value is wanted, a text that is one will do. A cell with nothing
/// in it is null. A cell that is JSON, a list of objects, is that list: so a file of cells can hold messages.
/// </remarks>
internal static class CsvRows
{
    private const int LongestRow = 64 << 20;

    /// <summary>Reads the rows one after the other.</summary>
    /// <param name="file">The file.</param>
    /// <param name="what">What the file is, for messages.</param>
    /// <param name="refuse">Receives what cannot be used; what follows it is read.</param>
    /// <exception cref="DataFileException">The file cannot be read, or its first line does not name fields.</exception>
    public static IEnumerable<JsonRow> Read(RowFile file, string what, Action<DataFileException> refuse)
    {
        using Stream stream = file.Open(what);
        using var text = new StreamReader(stream, DataFileException.Utf8);
        char separator = file.Kind == RowFileKind.Tsv ? '\t' : ',';
        var reader = new CsvReader(text, separator, LongestRow);
        if (Next() is not { } first)
        {
            yield break;
        }

        string[] names = Names(file.Path, first, separator);
        while (Next() is { } record)
        {
            if (Row(file.Path, record, names, refuse) is { } row)
            {
                yield return row;
            }
        }

        CsvRecord? Next() => DataFileException.Guard(file.Path, what, reader.Next);
    }

    private static string[] Names(string path, CsvRecord first, char separator)
    {
        string[] names = [.. first.Cells.Select(cell => cell ?? string.Empty)];
        string? problem = first.Problem
            ?? (names is [{ } only] && separator == ',' && only.Contains(';', StringComparison.Ordinal) ? "the names of the fields stand between semicolons: separate cells by commas" : null)
            ?? (names.FirstOrDefault(name => names.Count(other => other == name) > 1) is { } twice
                ? twice.Length == 0 ? "some fields have no name: name the cells in the first line" : $"the first line names '{twice}' twice: give each field a name of its own"
                : null);
        return problem is null ? names : throw new DataFileException(path, first.Line, problem);
    }

    private static JsonRow? Row(string path, CsvRecord record, string[] names, Action<DataFileException> refuse)
    {
        string? problem = record.Problem ?? (record.Cells.Count == names.Length
            ? null
            : $"the row has {record.Cells.Count} cells, the first line names {names.Length}: put a cell that holds a separator or a line end in quotes");
        if (problem is not null)
        {
            refuse(new DataFileException(path, record.Line, problem));
            return null;
        }

        return new JsonRow(path, record.Line, Object(names, record.Cells)) { IsUntyped = true };
    }

    private static JsonElement Object(string[] names, IReadOnlyList<string?> cells)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            for (int i = 0; i < names.Length; i++)
            {
                writer.WritePropertyName(names[i]);
                Write(writer, cells[i]);
            }

            writer.WriteEndObject();
        }

        return JsonElement.Parse(json.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, string? cell)
    {
        if (cell is not null && IsListOfObjects(cell))
        {
            writer.WriteRawValue(cell, skipInputValidation: true);
        }
        else
        {
            writer.WriteStringValue(cell);
        }
    }

    private static bool IsListOfObjects(string cell)
    {
        ReadOnlySpan<char> text = cell.AsSpan().Trim();
        if (text is not ['[', .., ']'] || !text[1..].TrimStart().StartsWith('{'))
        {
            return false;
        }

        try
        {
            return JsonElement.Parse(Encoding.UTF8.GetBytes(cell)).EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
