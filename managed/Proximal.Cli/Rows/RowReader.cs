using System.Threading.Channels;
using Proximal.Data;

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
    private readonly Stream _stream;
    private readonly bool _owned;

    private RowReader(Stream stream, bool owned, long? length)
    {
        _stream = stream;
        _owned = owned;
        Length = length;
        new Thread(Read) { IsBackground = true, Name = "rows" }.Start();
    }

    /// <summary>Bytes of the input, where that is known before the end.</summary>
    public long? Length { get; }

    /// <summary>The input is a file: all of it is there, and how it is cut into batches need not depend on time.</summary>
    public bool IsFile => Length is not null;

    public ChannelReader<InputRow> Rows => _rows.Reader;

    /// <summary>Opens an input: a file, or <c>-</c> for standard input.</summary>
    public static RowReader Open(string input, CliHost host)
    {
        if (input == "-")
        {
            return new RowReader(host.Input, owned: false, length: null);
        }

        if (Directory.Exists(input))
        {
            throw new CommandException(ExitCode.Data, $"--input {input}: is a folder; name a file of JSON lines");
        }

        try
        {
            var file = new FileStream(input, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new RowReader(file, owned: true, file.CanSeek ? file.Length : null);
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
        if (_owned)
        {
            _stream.Dispose();
        }
    }

    private void Read()
    {
        try
        {
            long index = 0;
            foreach (RawLine line in new LineReader(_stream, MaxLineBytes).Read())
            {
                _rows.Writer.WriteAsync(InputRow.Parse(line, index++), _stop.Token).AsTask().GetAwaiter().GetResult();
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
