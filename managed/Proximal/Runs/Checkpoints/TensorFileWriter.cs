using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Proximal.Runs.Checkpoints;

/// <summary>Writes a safetensors file of fp32 tensors, one after the other.</summary>
internal sealed class TensorFileWriter : IDisposable
{
    private const int Alignment = 8;

    private readonly FileStream _file;
    private readonly string _path;
    private readonly long _end;

    /// <summary>Starts a file.</summary>
    /// <param name="path">The file, which must not exist.</param>
    /// <param name="tensors">Name and shape of each tensor, in the order in which they will be written.</param>
    /// <param name="metadata">Texts for the header.</param>
    public TensorFileWriter(
        string path, IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        _path = path;
        byte[] header = Header(tensors, metadata, out long bytes);
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 1 << 16);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        _file.Write(length);
        _file.Write(header);
        _end = _file.Position + bytes;
    }

    /// <summary>Writes the numbers of the next tensor, row-major.</summary>
    public void Write(ReadOnlySpan<float> values) => _file.Write(MemoryMarshal.AsBytes(values));

    /// <summary>Ends the file.</summary>
    public void Finish()
    {
        if (_file.Position != _end)
        {
            throw new InvalidOperationException($"{_path}: {_file.Position} bytes were written, its header speaks of {_end}.");
        }

        _file.Flush();
    }

    public void Dispose() => _file.Dispose();

    private static byte[] Header(
        IReadOnlyList<(string Name, IReadOnlyList<long> Shape)> tensors, IReadOnlyDictionary<string, string> metadata, out long bytes)
    {
        var text = new ArrayBufferWriter<byte>();
        bytes = 0;
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            foreach ((string name, string value) in metadata)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
            foreach ((string name, IReadOnlyList<long> shape) in tensors)
            {
                long begin = bytes;
                bytes += sizeof(float) * shape.Aggregate(1L, (product, size) => product * size);
                WriteTensor(writer, name, shape, begin, bytes);
            }

            writer.WriteEndObject();
        }

        // Spaces up to a multiple of eight, as the format asks for aligned data.
        int padding = (Alignment - (text.WrittenCount % Alignment)) % Alignment;
        return [.. text.WrittenSpan, .. Enumerable.Repeat((byte)' ', padding)];
    }

    private static void WriteTensor(Utf8JsonWriter writer, string name, IReadOnlyList<long> shape, long begin, long end)
    {
        writer.WriteStartObject(name);
        writer.WriteString("dtype", "F32");
        writer.WriteStartArray("shape");
        foreach (long size in shape)
        {
            writer.WriteNumberValue(size);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(begin);
        writer.WriteNumberValue(end);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
