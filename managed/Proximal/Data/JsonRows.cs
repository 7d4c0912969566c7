using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Proximal.Data;

/// <summary>Reads the objects of a data file: .jsonl or .ndjson with one a line, or .json with one array of them. UTF-8.</summary>
internal static class JsonRows
{
    private const int MaxLineBytes = 64 << 20;

    /// <summary>Reads all rows, in order; empty lines are skipped.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What the file is, as in "The preference file".</param>
    /// <param name="example">A row as it should be, for messages.</param>
    /// <exception cref="DataFileException">The file or a row cannot be used; the text names file, line and the fix.</exception>
    public static IReadOnlyList<JsonRow> Read(string path, string what, string example)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        List<JsonRow> rows = Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".JSONL" or ".NDJSON" => FromLines(path, DataFileException.ReadLines(path, what), example),
            ".JSON" => FromArray(path, DataFileException.ReadLines(path, what), example),
            _ => throw WrongEnding(path, what),
        };
        return rows.Count > 0
            ? rows
            : throw new DataFileException(path, null, $"the file has no rows: expected objects such as {example}");
    }

    /// <summary>Reads the rows one after the other and goes on behind those that are none; the lines of a file are not held, an array is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What the file is, as in "The preference file".</param>
    /// <param name="example">A row as it should be, for messages.</param>
    /// <param name="refuse">Receives what cannot be used, in the order of the rows that can.</param>
    public static IEnumerable<JsonRow> Stream(string path, string what, string example, Action<DataFileException> refuse)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".JSONL" or ".NDJSON" => StreamLines(path, what, example, refuse),
            ".JSON" => StreamArray(path, what, example, refuse),
            _ => throw WrongEnding(path, what),
        };
    }

    private static IEnumerable<JsonRow> StreamLines(string path, string what, string example, Action<DataFileException> refuse)
    {
        using FileStream file = DataFileException.Guard(path, what, () => File.OpenRead(path));
        using IEnumerator<RawLine> lines = new LineReader(file, MaxLineBytes).Read().GetEnumerator();
        while (DataFileException.Guard(path, what, lines.MoveNext))
        {
            RawLine line = lines.Current;
            if (Tolerant(() => JsonRow.Of(path, (int)line.Number, Parse(path, line), example), refuse) is { } row)
            {
                yield return row;
            }
        }
    }

    private static IEnumerable<JsonRow> StreamArray(string path, string what, string example, Action<DataFileException> refuse)
    {
        byte[] bytes = DataFileException.Guard(path, what, () => Encoding.UTF8.GetBytes(string.Join('\n', DataFileException.ReadLines(path, what))));
        var elements = new List<(int Line, JsonElement Value)>();
        DataFileException? end = null;
        try
        {
            ReadArray(path, bytes, example, (line, value) => elements.Add((line, value)));
        }
        catch (DataFileException exception)
        {
            end = exception;
        }

        foreach ((int line, JsonElement value) in elements)
        {
            if (Tolerant(() => JsonRow.Of(path, line, value, example), refuse) is { } row)
            {
                yield return row;
            }
        }

        if (end is not null)
        {
            refuse(end);
        }
    }

    private static JsonRow? Tolerant(Func<JsonRow> read, Action<DataFileException> refuse)
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
                ? $"the line has more than {MaxLineBytes >> 20} MiB: expected one object a line"
                : "the line is not UTF-8 text: convert the file");
        }

        // What some editors put before the first line.
        return JsonRow.Parse(path, (int)line.Number, Encoding.UTF8.GetString(line.Number == 1 && bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes));
    }

    private static DataFileException WrongEnding(string path, string what) => new(
        path, null, Directory.Exists(path) ? $"{what} is a folder: name the file in it" : $"rows are read from .jsonl, .ndjson and .json files, not from '{Path.GetExtension(path)}': convert or rename the file");

    private static List<JsonRow> FromLines(string path, string[] lines, string example)
    {
        var rows = new List<JsonRow>(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            if (!string.IsNullOrWhiteSpace(lines[i]))
            {
                rows.Add(JsonRow.Of(path, i + 1, JsonRow.Parse(path, i + 1, lines[i]), example));
            }
        }

        return rows;
    }

    private static List<JsonRow> FromArray(string path, string[] lines, string example)
    {
        var rows = new List<JsonRow>();
        ReadArray(
            path, Encoding.UTF8.GetBytes(string.Join('\n', lines)), example, (line, value) => rows.Add(JsonRow.Of(path, line, value, example)));
        return rows;
    }

    private static void ReadArray(string path, byte[] bytes, string example, Action<int, JsonElement> add)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                throw new DataFileException(
                    path, 1, $"expected a JSON array of objects such as {example}, got a JSON {reader.TokenType}: wrap the rows in [ ] or name the file .jsonl");
            }

            var lineOf = new LineCounter(bytes);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                int line = lineOf.At((int)reader.TokenStartIndex);
                add(line, JsonElement.ParseValue(ref reader));
            }

            // What follows the array is read too, so that a second one is not passed over.
            reader.Read();
        }
        catch (JsonException exception)
        {
            throw new DataFileException(
                path,
                (int)(exception.LineNumber ?? 0) + 1,
                $"the file is not JSON from here on (byte {exception.BytePositionInLine} of the line): expected an array of objects",
                exception);
        }
    }

    /// <summary>The line of growing positions.</summary>
    private sealed class LineCounter(byte[] bytes)
    {
        private int _position;
        private int _line = 1;

        public int At(int position)
        {
            _line += bytes.AsSpan(_position..position).Count((byte)'\n');
            _position = position;
            return _line;
        }
    }
}
