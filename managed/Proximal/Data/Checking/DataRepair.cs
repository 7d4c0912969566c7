using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proximal.Data.Sources;
using ZstdSharp;

namespace Proximal.Data.Checking;

/// <summary>Writes data without the rows that a check found wrong; the data themselves are never touched.</summary>
/// <remarks>
/// Left out are the rows that a run refuses or that say nothing: those with an error, blank and identical answers, repetitions, ties,
/// both sides of a contradiction, the rows of a prompt in all splits but its first, and, where tokens were counted, rows that do not fit. Rows that
/// are right are written as they are, one JSON object a line.
/// </remarks>
internal sealed class DataRepair
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly HashSet<Place> _wrong = [];
    private readonly SortedDictionary<DataProblemKind, long> _left = [];

    /// <summary>Whether rows with such a problem are left out.</summary>
    public static bool Drops(DataProblemKind kind) => kind is not (DataProblemKind.Alike or DataProblemKind.LengthTells or DataProblemKind.WordsTell or DataProblemKind.LabelledLines);

    /// <summary>Remembers a row that has a problem.</summary>
    public void Add(DataProblemKind kind, Place place)
    {
        if (Drops(kind) && place.Line is not null && _wrong.Add(place))
        {
            _left[kind] = _left.GetValueOrDefault(kind) + 1;
        }
    }

    /// <summary>Throws unless the copies can be written: nothing may be there yet.</summary>
    /// <param name="output">A .jsonl file, also with .gz or .zst behind, or, for several files, a folder.</param>
    /// <param name="files">The files that are copied.</param>
    /// <exception cref="DataFileException">Something is there, or the ending is another one.</exception>
    public static void Require(string output, IReadOnlyList<string> files)
    {
        if (Path.Exists(output))
        {
            throw new DataFileException(output, null, "it exists already, and a copy replaces nothing: name another place");
        }

        if (files.Count == 1 && RowFile.Of(output).Kind != RowFileKind.JsonLines)
        {
            throw new DataFileException(output, null, "the copy is written as JSON lines: let its name end in .jsonl, .jsonl.gz or .jsonl.zst");
        }
    }

    /// <summary>Writes the copies.</summary>
    /// <param name="output">As <see cref="Require"/> takes it.</param>
    /// <param name="root">The folder that the files are in, whose structure a folder of copies keeps.</param>
    /// <param name="files">The files.</param>
    /// <returns>What was written and left out, in plain words.</returns>
    /// <exception cref="DataFileException">A file cannot be read any more, or a copy cannot be written.</exception>
    public IReadOnlyList<string> Write(string output, string root, IReadOnlyList<string> files)
    {
        var said = new List<string>();
        foreach (string file in files)
        {
            string copy = files.Count == 1 ? output : Path.Combine(output, Path.ChangeExtension(Bare(Path.GetRelativePath(root, file)), ".jsonl"));
            if (files.Count > 1 && Path.Exists(copy))
            {
                copy = Path.Combine(output, Path.GetRelativePath(root, file) + ".jsonl");
            }

            long rows = DataFileException.Guard(copy, "The copy", () => Write(RowFile.Of(file), RowFile.Of(copy)));
            said.Add($"{copy}: {rows} rows");
        }

        said.Add(_left.Count == 0 ? "nothing was left out" : $"left out: {string.Join(", ", _left.Select(kind => $"{kind.Value} {DataReportText.Words(kind.Key)}"))}");
        return said;
    }

    private static string Bare(string path) => RowFile.Of(path).Compression == Compression.None ? path : path[..path.LastIndexOf('.')];

    private long Write(RowFile file, RowFile copy)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(copy.Path))!);
        string part = copy.Path + ".part";
        long rows = 0;
        using (Stream stream = Packed(File.Create(part), copy.Compression))
        {
            foreach (JsonRow row in JsonRows.Stream(file, "The data file", "{}", _ => { }, Role.Prompt).Where(row => !_wrong.Contains(new Place(row.File, row.Line))))
            {
                stream.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(row.Object, Json)));
                stream.WriteByte((byte)'\n');
                rows++;
            }
        }

        File.Move(part, copy.Path);
        return rows;
    }

    private static Stream Packed(Stream file, Compression compression) => compression switch
    {
        Compression.Gzip => new GZipStream(file, CompressionLevel.Optimal),
        Compression.Zstandard => new CompressionStream(file, level: 3, leaveOpen: false),
        _ => file,
    };
}
