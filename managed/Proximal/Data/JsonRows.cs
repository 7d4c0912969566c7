using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Proximal.Data.Sources;

namespace Proximal.Data;

/// <summary>Reads the rows of data files, whatever they are written in, as JSON objects.</summary>
/// <remarks>
/// A path is a file, a folder or a pattern (<see cref="DataFiles"/>); the ending says how rows are written and compressed (<see cref="RowFile"/>).
/// Files are read once from front to end, and memory is bounded by their longest rows.
/// </remarks>
internal static class JsonRows
{
    private const int LongestRow = 64 << 20;

    /// <summary>Reads the rows one after the other; the first that cannot be used ends that.</summary>
    /// <param name="path">A file, a folder or a pattern.</param>
    /// <param name="what">What the file is, as in "The preference file".</param>
    /// <param name="example">A row as it should be, for messages.</param>
    /// <param name="textField">The field that a line of a text file is; <see langword="null"/>: a text file is none of rows.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used, or there is no row; the text names file, line and the fix.</exception>
    public static IEnumerable<JsonRow> Read(string path, string what, string example, string? textField = null)
    {
        bool any = false;
        foreach (JsonRow row in Stream(path, what, example, exception => throw exception, textField))
        {
            any = true;
            yield return row;
        }

        if (!any)
        {
            throw new DataFileException(path, null, $"the file has no rows: expected objects such as {example}");
        }
    }

    /// <summary>Reads the rows one after the other and goes on behind those that are none.</summary>
    /// <param name="path">A file, a folder or a pattern.</param>
    /// <param name="what">What the file is, as in "The preference file".</param>
    /// <param name="example">A row as it should be, for messages.</param>
    /// <param name="refuse">Receives what cannot be used, in the order of the rows that can.</param>
    /// <param name="textField">The field that a line of a text file is; <see langword="null"/>: a text file is none of rows.</param>
    /// <exception cref="DataFileException">A file cannot be read.</exception>
    public static IEnumerable<JsonRow> Stream(string path, string what, string example, Action<DataFileException> refuse, string? textField = null) =>
        DataFiles.Of(path, what, textField is null ? TextFiles.None : TextFiles.Txt).SelectMany(file => Stream(file, what, example, refuse, textField));

    /// <summary>Reads the rows of one file.</summary>
    public static IEnumerable<JsonRow> Stream(RowFile file, string what, string example, Action<DataFileException> refuse, string? textField = null) => file.Kind switch
    {
        RowFileKind.JsonLines => Lines(file, what, example, refuse),
        RowFileKind.Json => Json(file, what, example, refuse),
        RowFileKind.Csv or RowFileKind.Tsv => CsvRows.Read(file, what, refuse),
        RowFileKind.Parquet => ParquetRows.Read(file, what),
        _ => TextRows.Read(file, what, textField ?? throw new ArgumentException("A text file has no rows.", nameof(file))),
    };

    private static IEnumerable<JsonRow> Lines(RowFile file, string what, string example, Action<DataFileException> refuse)
    {
        using Stream stream = file.Open(what);
        using IEnumerator<RawLine> lines = new LineReader(stream, LongestRow).Read().GetEnumerator();
        while (DataFileException.Guard(file.Path, what, lines.MoveNext))
        {
            RawLine line = lines.Current;
            if (Tolerant(() => JsonRow.Of(file.Path, (int)line.Number, Parse(file.Path, line), example), refuse) is { } row)
            {
                yield return row;
            }
        }
    }

    private static IEnumerable<JsonRow> Json(RowFile file, string what, string example, Action<DataFileException> refuse)
    {
        byte first = FirstByte(file, what);
        return first == '{' ? Lines(file, what, example, refuse) : Elements(file, what, example, refuse);
    }

    private static byte FirstByte(RowFile file, string what)
    {
        using Stream stream = file.Open(what);
        return DataFileException.Guard(file.Path, what, () => JsonArrayReader.FirstByte(stream));
    }

    private static IEnumerable<JsonRow> Elements(RowFile file, string what, string example, Action<DataFileException> refuse)
    {
        using Stream stream = file.Open(what);
        using IEnumerator<(int Line, JsonElement Value)> elements = new JsonArrayReader(stream, file.Path, example, LongestRow).Read().GetEnumerator();
        while (Tolerant<bool>(elements.MoveNext, refuse) is true)
        {
            (int line, JsonElement value) = elements.Current;
            if (Tolerant(() => JsonRow.Of(file.Path, line, Row(value), example), refuse) is { } row)
            {
                yield return row;
            }
        }
    }

    /// <summary>An array may hold texts alone: each is a row with nothing else.</summary>
    private static JsonElement Row(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? JsonElement.Parse($"{{\"text\":{value.GetRawText()}}}") : value;

    private static T? Tolerant<T>(Func<T> read, Action<DataFileException> refuse)
        where T : struct
    {
        try
        {
            return read();
        }
        catch (DataFileException exception)
        {
            refuse(exception);
            return null;
        }
    }

    private static JsonElement Parse(string path, RawLine line)
    {
        ReadOnlySpan<byte> bytes = line.Bytes.Span;
        if (line.IsTooLong || !Utf8.IsValid(bytes))
        {
            throw new DataFileException(path, (int)line.Number, line.IsTooLong
                ? $"the line has more than {LongestRow >> 20} MiB: expected one object a line"
                : "the line is not UTF-8 text: convert the file");
        }

        // What some editors put before the first line.
        return JsonRow.Parse(path, (int)line.Number, Encoding.UTF8.GetString(line.Number == 1 && bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes));
    }
}
