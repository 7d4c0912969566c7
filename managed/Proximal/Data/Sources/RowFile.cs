using System.IO.Compression;
using ZstdSharp;

namespace Proximal.Data.Sources;

/// <summary>A file, and what its name says of what is in it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Kind">How its rows are written.</param>
/// <param name="Compression">How it is compressed.</param>
internal readonly record struct RowFile(string Path, RowFileKind Kind, Compression Compression)
{
    /// <summary>The files that hold rows, for messages.</summary>
    public const string Endings = ".jsonl, .ndjson, .json, .csv, .tsv and .parquet files (but for .parquet also with .gz or .zst behind)";

    /// <summary>A file by its name; an ending that is none of those of rows makes it a text.</summary>
    public static RowFile Of(string path)
    {
        Compression compression = Ending(path) switch
        {
            ".GZ" => Compression.Gzip,
            ".ZST" or ".ZSTD" => Compression.Zstandard,
            _ => Compression.None,
        };
        string name = compression == Compression.None ? path : path[..path.LastIndexOf('.')];
        return new RowFile(path, KindOf(name, compression), compression);
    }

    /// <summary>Whether its name says that it holds rows.</summary>
    public bool HasRows => Kind != RowFileKind.Text;

    /// <summary>Whether it is a .txt file, whatever it is compressed with.</summary>
    public bool IsPlainText => Kind == RowFileKind.Text
        && Ending(Compression == Compression.None ? Path : Path[..Path.LastIndexOf('.')]) == ".TXT";

    /// <summary>Its bytes as they were before they were compressed, read when they are asked for.</summary>
    /// <exception cref="DataFileException">It is missing or cannot be read.</exception>
    public Stream Open(string what)
    {
        string path = Path;
        FileStream file = DataFileException.Guard(path, what, () => new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan));
        return Compression switch
        {
            Compression.Gzip => new WholeGzipStream(file),
            Compression.Zstandard => new DecompressionStream(file, checkEndOfStream: true, leaveOpen: false),
            _ => file,
        };
    }

    private static RowFileKind KindOf(string name, Compression compression) => Ending(name) switch
    {
        ".JSONL" or ".NDJSON" => RowFileKind.JsonLines,
        ".JSON" => RowFileKind.Json,
        ".CSV" => RowFileKind.Csv,
        ".TSV" => RowFileKind.Tsv,
        ".PARQUET" when compression == Compression.None => RowFileKind.Parquet,
        _ => RowFileKind.Text,
    };

    private static string Ending(string path) => System.IO.Path.GetExtension(path).ToUpperInvariant();
}
