using System.Text;
using System.Text.Json;

namespace Proximal.Data;

/// <summary>Reads the objects of a data file: .jsonl or .ndjson with one a line, or .json with one array of them. UTF-8.</summary>
internal static class JsonRows
{
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
            _ when Directory.Exists(path) => throw new DataFileException(path, null, $"{what} is a folder: name the file in it"),
            _ => throw new DataFileException(
                path, null, $"rows are read from .jsonl, .ndjson and .json files, not from '{Path.GetExtension(path)}': convert or rename the file"),
        };
        return rows.Count > 0
            ? rows
            : throw new DataFileException(path, null, $"the file has no rows: expected objects such as {example}");
    }

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
        byte[] bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        var rows = new List<JsonRow>();
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
                rows.Add(JsonRow.Of(path, line, JsonElement.ParseValue(ref reader), example));
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

        return rows;
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
