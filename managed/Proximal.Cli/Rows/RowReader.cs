using System.Text;
using System.Threading.Channels;
using Proximal.Data;
using Proximal.Data.Sources;

namespace Proximal.Cli.Rows;

/// <summary>Reads rows on a thread of its own, so that work overlaps reading and a blocked read does not hold up a signal.</summary>
internal sealed class RowReader : IDisposable
{
    /// <summary>The longest line of an input.</summary>
    public const int MaxLineBytes = 16 << 20;

    /// <summary>Rows that may wait, so that a large input is never in memory as a whole.</summary>
    private const int Ahead = 64;

    private readonly Channel<InputRow> _rows = Channel.CreateBounded<InputRow>(
        new BoundedChannelOptions(Ahead) { SingleReader = true, SingleWriter = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly IEnumerable<InputRow> _source;
    private readonly IDisposable? _owned;

    private RowReader(IEnumerable<InputRow> source, bool isFile, long? length = null, IDisposable? owned = null)
    {
        _source = source;
        _owned = owned;
        IsFile = isFile;
        Length = length;
        new Thread(Read) { IsBackground = true, Name = "rows" }.Start();
    }

    /// <summary>Bytes of the input, where that is known before the end.</summary>
    public long? Length { get; }

    /// <summary>The input is a file: all of it is there, and how it is cut into batches need not depend on time.</summary>
    public bool IsFile { get; }

    public ChannelReader<InputRow> Rows => _rows.Reader;

    /// <summary>Opens an input: a file, a pattern of data files, or <c>-</c> for standard input. A file of another name is of JSON lines.</summary>
    public static RowReader Open(string input, CliHost host)
    {
        if (input == "-")
        {
            return new RowReader(Lines(host.Input), isFile: false);
        }

        if (Directory.Exists(input))
        {
            throw new CommandException(ExitCode.Data, $"--input {input}: is a folder; name a file of rows, or a pattern such as {Path.Combine(input, "*.jsonl")}");
        }

        if (!File.Exists(input) || RowFile.Of(input) is { HasRows: true } and not { Kind: RowFileKind.JsonLines, Compression: Compression.None })
        {
            return Stored(input);
        }

        try
        {
            var file = new FileStream(input, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new RowReader(Lines(file), isFile: file.CanSeek, file.CanSeek ? file.Length : null, file);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCode.Data, $"--input {input}: does not exist; check the path (- is standard input)", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Data, $"--input {input}: cannot be read; {failure.Message}", failure);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _owned?.Dispose();
    }

    /// <summary>Rows of files that are more than JSON lines, or of several.</summary>
    private static RowReader Stored(string input)
    {
        try
        {
            IReadOnlyList<RowFile> files = DataFiles.Of(input, "it", TextFiles.Any);
            return files.FirstOrDefault(file => !File.Exists(file.Path)) is { Path: not null }
                ? throw new CommandException(ExitCode.Data, $"--input {input}: does not exist; check the path (- is standard input)")
                : new RowReader(StoredRows(files), isFile: true);
        }
        catch (DataFileException failure)
        {
            throw new CommandException(ExitCode.Data, $"--input {failure.Message}", failure);
        }
    }

    private static IEnumerable<InputRow> Lines(Stream stream)
    {
        long index = 0;
        foreach (RawLine line in new LineReader(stream, MaxLineBytes).Read())
        {
            yield return InputRow.Parse(line, index++);
        }
    }

    private static IEnumerable<InputRow> StoredRows(IReadOnlyList<RowFile> files)
    {
        long index = 0;
        var refused = new Queue<DataFileException>();
        foreach (JsonRow row in files.Where(file => file.HasRows).SelectMany(file => JsonRows.Stream(file, "the input", "{\"prompt\": \"...\"}", refused.Enqueue)))
        {
            while (refused.TryDequeue(out DataFileException? earlier))
            {
                yield return InputRow.Refused(earlier, index++);
            }

            yield return InputRow.Parse(new RawLine(row.Line, Encoding.UTF8.GetBytes(row.Object.GetRawText()), false, index), index++);
        }

        while (refused.TryDequeue(out DataFileException? last))
        {
            yield return InputRow.Refused(last, index++);
        }
    }

    private void Read()
    {
        try
        {
            foreach (InputRow row in _source)
            {
                _rows.Writer.WriteAsync(row, _stop.Token).AsTask().GetAwaiter().GetResult();
            }

            _rows.Writer.TryComplete();
        }
        catch (Exception failure)
        {
            // The reader of the channel sees it; nothing may escape a thread.
            _rows.Writer.TryComplete(failure is OperationCanceledException or ObjectDisposedException
                ? null
                : new CommandException(ExitCode.Data, $"the input cannot be read: {failure.Message}", failure));
        }
    }
}
