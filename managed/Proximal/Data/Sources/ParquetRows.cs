using System.Buffers.Binary;
using System.Text.Json;

namespace Proximal.Data.Sources;

/// <summary>Reads the rows of a Parquet file through DuckDB, group after group, so that memory does not grow with the file.</summary>
/// <remarks>
/// A row becomes JSON: lists and structs become arrays and objects, dates texts, numbers that JSON does not have null. The library has no
/// dependency on DuckDB, whose native part has 70 MB for each platform: a program that reads Parquet references DuckDB.NET.Data.Full.
/// </remarks>
internal static class ParquetRows
{
    /// <summary>Reads the rows one after the other; their numbers, from 1, stand for lines.</summary>
    /// <param name="file">The file.</param>
    /// <param name="what">What the file is, for messages.</param>
    /// <exception cref="DataFileException">It cannot be read, or DuckDB is not there.</exception>
    public static IEnumerable<JsonRow> Read(RowFile file, string what)
    {
        CheckFrame(file, what);
        Guard(file.Path, 1, () =>
        {
            DuckDbRows.Require();
            return true;
        });
        using IEnumerator<string> rows = DuckDbRows.Read(file.Path).GetEnumerator();
        int row = 0;
        while (Guard(file.Path, row + 1, rows.MoveNext))
        {
            row++;
            yield return new JsonRow(file.Path, row, Parse(file.Path, row, rows.Current));
        }
    }

    /// <summary>What tells a Parquet file from others and a whole one from a part: its marks, and the length of its last part.</summary>
    private static void CheckFrame(RowFile file, string what)
    {
        using Stream stream = file.Open(what);
        long length = stream.Length;
        Span<byte> begin = stackalloc byte[4];
        Span<byte> end = stackalloc byte[8];
        if (length >= begin.Length + end.Length)
        {
            stream.ReadExactly(begin);
            stream.Seek(-end.Length, SeekOrigin.End);
            stream.ReadExactly(end);
        }

        ReadOnlySpan<byte> mark = end[4..];
        if (mark.SequenceEqual("PARE"u8))
        {
            throw new DataFileException(file.Path, null, "the Parquet file is encrypted; write it again without a key");
        }

        if (!begin.SequenceEqual("PAR1"u8) || !mark.SequenceEqual("PAR1"u8))
        {
            throw new DataFileException(
                file.Path, null, "the file is no Parquet file, or only a part of one: it does not begin and end with PAR1");
        }

        uint description = BinaryPrimitives.ReadUInt32LittleEndian(end);
        if (description > length - begin.Length - end.Length)
        {
            throw new DataFileException(
                file.Path, null, $"the Parquet file is damaged: its description takes {description} bytes, and the file has {length}");
        }
    }

    private static T Guard<T>(string path, int row, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is FileNotFoundException or FileLoadException or DllNotFoundException or TypeInitializationException or BadImageFormatException)
        {
            throw new DataFileException(
                path, null, "Parquet is read through DuckDB, which this program does not have: add the package DuckDB.NET.Data.Full, or convert the file to .jsonl", exception);
        }
        catch (Exception exception) when (IsDuckDb(exception))
        {
            throw new DataFileException(path, null, $"the file is no Parquet file, or damaged, from row {row} on: {FirstLine(exception.Message)}", exception);
        }
    }

    /// <summary>The name, as the type itself may not be there.</summary>
    private static bool IsDuckDb(Exception exception) => exception.GetType().Name == "DuckDBException" || exception is InvalidCastException or InvalidOperationException;

    private static string FirstLine(string message) => message.Split('\n')[0].TrimEnd('.', '\r');

    private static JsonElement Parse(string path, int row, string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return Parse(path, row, text, WithJsonsNumbers(text));
        }
    }

    private static JsonElement Parse(string path, int row, string text, string repaired)
    {
        try
        {
            return JsonElement.Parse(repaired);
        }
        catch (JsonException exception)
        {
            string begin = text.Length <= 80 ? text : text[..80] + "...";
            throw new DataFileException(path, null, $"row {row} has a value that JSON cannot hold; DuckDB writes the row as {begin}", exception);
        }
    }

    /// <summary>DuckDB writes numbers that JSON does not have by their names, and decimals without a digit before the point.</summary>
    private static string WithJsonsNumbers(string json)
    {
        var text = new System.Text.StringBuilder(json.Length);
        for (int i = 0; i < json.Length;)
        {
            int length = json[i] == '"' ? Quoted(json, i) : 1;
            string? odd = json[i] == '"' ? null : Array.Find(OddNumbers, name => string.CompareOrdinal(json, i, name, 0, name.Length) == 0);
            text.Append(json[i] == '.' && (i == 0 || !char.IsAsciiDigit(json[i - 1])) ? "0" : string.Empty);
            text.Append(odd is null ? json.AsSpan(i, length) : "null");
            i += odd?.Length ?? length;
        }

        return text.ToString();
    }

    private static readonly string[] OddNumbers = ["-NaN", "NaN", "-nan", "nan", "-Infinity", "Infinity", "-inf", "inf"];

    private static int Quoted(string json, int start)
    {
        int end = start + 1;
        while (end < json.Length && json[end] != '"')
        {
            end += json[end] == '\\' ? 2 : 1;
        }

        return Math.Min(end + 1, json.Length) - start;
    }
}
