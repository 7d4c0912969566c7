using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Proximal.Runs;

/// <summary>Writes scalars to a TensorBoard event file: TFRecord frames that hold Event messages.</summary>
/// <remarks>
/// A frame is the length (8 bytes), its masked CRC-32C, the message, the message's masked CRC-32C, little-endian. Of the
/// protocol buffers three messages are written: Event {1: wall_time, 2: step, 3: file_version, 5: summary},
/// Summary {1: value} and Summary.Value {1: tag, 2: simple_value}.
/// </remarks>
internal sealed class TensorBoardEvents : IDisposable
{
    /// <summary>What TensorBoard recognises a file by, and all such files of a folder.</summary>
    public const string FilePattern = FilePrefix + "*";

    private const string FilePrefix = "events.out.tfevents.";
    private const string FileVersion = "brain.Event:2";
    private readonly FileStream _file;
    private readonly TimeProvider _time;

    private TensorBoardEvents(string path, TimeProvider time)
    {
        Path = path;
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
        _time = time;
        using var version = new MemoryStream();
        WriteDouble(version, 1, WallTime());
        WriteBytes(version, 3, Encoding.UTF8.GetBytes(FileVersion));
        Append(version);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Starts the one event file of a run folder, with the rows that its metrics have already.</summary>
    /// <remarks>
    /// The file is no state but a copy of metrics.jsonl. A run that goes on writes it anew, so that no step is there twice
    /// and no cut frame stays, whatever ended the run before.
    /// </remarks>
    /// <param name="folder">The run folder.</param>
    /// <param name="rows">The rows so far.</param>
    /// <param name="time">Stamps the events.</param>
    public static TensorBoardEvents Start(string folder, IEnumerable<MetricsRow> rows, TimeProvider time)
    {
        Remove(folder);
        string name = string.Create(CultureInfo.InvariantCulture, $"{FilePrefix}{time.GetUtcNow().ToUnixTimeSeconds()}.proximal");
        var events = new TensorBoardEvents(System.IO.Path.Combine(folder, name), time);
        foreach (MetricsRow row in rows)
        {
            events.Write(row.Step, row.Values);
        }

        return events;
    }

    /// <summary>Removes the event files of a folder.</summary>
    public static void Remove(string folder)
    {
        foreach (string file in Directory.GetFiles(folder, FilePattern))
        {
            File.Delete(file);
        }
    }

    /// <summary>Writes the finite ones of a step's curves as one event.</summary>
    public void Write(int step, IReadOnlyDictionary<string, double> metrics)
    {
        using var summary = new MemoryStream();
        foreach ((string tag, double value) in metrics)
        {
            if (!double.IsFinite(value))
            {
                continue;
            }

            using var scalar = new MemoryStream();
            WriteBytes(scalar, 1, Encoding.UTF8.GetBytes(tag));
            WriteFloat(scalar, 2, (float)value);
            WriteBytes(summary, 1, Content(scalar));
        }

        using var message = new MemoryStream();
        WriteDouble(message, 1, WallTime());
        WriteTag(message, 2, wireType: 0);
        WriteVariable(message, (ulong)step);
        WriteBytes(message, 5, Content(summary));
        Append(message);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>CRC-32C, rotated and offset as TFRecord wants it, so that a CRC of a CRC is no fixed point.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }

    private double WallTime() => _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    private void Append(MemoryStream message)
    {
        ReadOnlySpan<byte> content = Content(message);
        byte[] frame = new byte[8 + 4 + content.Length + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(frame, (ulong)content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(8), MaskedCrc(frame.AsSpan(0, 8)));
        content.CopyTo(frame.AsSpan(12));
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12 + content.Length), MaskedCrc(content));
        _file.Write(frame);
        _file.Flush();
    }

    private static ReadOnlySpan<byte> Content(MemoryStream stream) => stream.GetBuffer().AsSpan(0, (int)stream.Length);

    private static void WriteTag(MemoryStream stream, int field, int wireType) => WriteVariable(stream, (ulong)((field << 3) | wireType));

    private static void WriteVariable(MemoryStream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }

    private static void WriteBytes(MemoryStream stream, int field, ReadOnlySpan<byte> bytes)
    {
        WriteTag(stream, field, wireType: 2);
        WriteVariable(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void WriteDouble(MemoryStream stream, int field, double value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        WriteTag(stream, field, wireType: 1);
        stream.Write(bytes);
    }

    private static void WriteFloat(MemoryStream stream, int field, float value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        WriteTag(stream, field, wireType: 5);
        stream.Write(bytes);
    }
}
