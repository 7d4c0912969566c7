using System.IO.Compression;
using System.Text;
using DuckDB.NET.Data;
using Proximal.Tests.Models;

namespace Proximal.Tests.Data.Sources;

/// <summary>A folder that data files are written into, in every form that they have.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string this[params string[] parts] => _folder[parts];

    /// <summary>Writes a text as the ending of the name says: plain, .gz or .zst.</summary>
    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        string path = _folder[name.Split('/')];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, name.EndsWith(".gz", StringComparison.Ordinal) ? Gzip(bytes) : name.EndsWith(".zst", StringComparison.Ordinal) ? Zstandard(bytes) : bytes);
        return path;
    }

    /// <summary>Writes the rows of a DuckDB query as Parquet.</summary>
    public string Parquet(string name, string query, string options = "")
    {
        string path = _folder[name];
        using var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = $"COPY ({query}) TO '{path}' (FORMAT parquet{options})";
        command.ExecuteNonQuery();
        return path;
    }

    public static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Optimal))
        {
            stream.Write(bytes);
        }

        return packed.ToArray();
    }

    public static byte[] Zstandard(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var stream = new ZstdSharp.CompressionStream(packed, level: 3, leaveOpen: true))
        {
            stream.Write(bytes);
        }

        return packed.ToArray();
    }

    public void Dispose() => _folder.Dispose();
}
