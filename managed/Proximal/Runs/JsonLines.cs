using System.Text.Encodings.Web;
using System.Text.Json;

namespace Proximal.Runs;

/// <summary>Appends rows to a JSONL file; each is on its way to the disk when the call returns.</summary>
internal sealed class JsonLines : IDisposable
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _path;
    private readonly FileStream _file;

    /// <summary>Starts a file that must not exist.</summary>
    public JsonLines(string path)
        : this(path, FileMode.CreateNew)
    {
    }

    // Unbuffered: a row is written whole, and nothing is left to be written when the file is closed.
    private JsonLines(string path, FileMode mode)
    {
        _path = path;
        _file = new FileStream(path, mode, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Bytes in the file.</summary>
    public long Length => _file.Length;

    /// <summary>Opens a file again and cuts off what was written after so many bytes.</summary>
    /// <exception cref="RunFolderException">It is shorter, or does not end a row there.</exception>
    public static JsonLines Reopen(string path, long length)
    {
        var lines = new JsonLines(path, FileMode.OpenOrCreate);
        try
        {
            lines.Cut(length);
            return lines;
        }
        catch
        {
            lines.Dispose();
            throw;
        }
    }

    /// <summary>Writes one row.</summary>
    public void Append(Action<Utf8JsonWriter> write)
    {
        using var row = new MemoryStream();
        using (var writer = new Utf8JsonWriter(row, Compact))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        row.Write("\n"u8);
        long before = _file.Position;
        try
        {
            _file.Write(row.GetBuffer().AsSpan(0, (int)row.Length));
        }
        catch (IOException exception)
        {
            // A row is there whole or not at all.
            _file.SetLength(before);
            throw Failure(_path, exception);
        }
    }

    /// <summary>Returns when every row is on the disk.</summary>
    public void FlushToDisk()
    {
        try
        {
            _file.Flush(flushToDisk: true);
        }
        catch (IOException exception)
        {
            throw Failure(_path, exception);
        }
    }

    /// <summary>A number; JSON has none that is not finite, so those become null.</summary>
    public static void Number(Utf8JsonWriter writer, string name, double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumber(name, value);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    /// <summary>An array of finite numbers.</summary>
    public static void Numbers(Utf8JsonWriter writer, string name, ReadOnlySpan<float> values)
    {
        writer.WriteStartArray(name);
        foreach (float value in values)
        {
            writer.WriteNumberValue(value);
        }

        writer.WriteEndArray();
    }

    /// <summary>A file of a run cannot be written.</summary>
    public static RunFolderException Failure(string path, IOException exception) => new(
        path,
        $"{path} cannot be written: {exception.Message.TrimEnd('.')}. Where the disk is full, free some space; then go on with --resume.",
        exception);

    public void Dispose() => _file.Dispose();

    private void Cut(long length)
    {
        if (_file.Length < length || (length > 0 && ByteAt(length - 1) != '\n'))
        {
            throw new RunFolderException(
                _path,
                $"{_path} has changed since the checkpoint, which counted {length} bytes of whole rows in it (it has {_file.Length}): "
                + "put the file back as it was, or start the run again in another folder.");
        }

        _file.SetLength(length);
        _file.Position = length;
    }

    private int ByteAt(long position)
    {
        _file.Position = position;
        return _file.ReadByte();
    }
}
