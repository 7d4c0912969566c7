using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Proximal.Runs.Checkpoints;

/// <summary>Reads tensors out of a safetensors file of fp32 tensors. What does not fit is named.</summary>
internal sealed class TensorFileReader : IDisposable
{
    private const int LargestHeader = 100_000_000;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly JsonDocument _header;
    private readonly long _data;

    /// <summary>Opens a file.</summary>
    /// <exception cref="CheckpointException">It is no safetensors file.</exception>
    public TensorFileReader(string path)
    {
        _path = path;
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            Span<byte> length = stackalloc byte[sizeof(ulong)];
            _file.ReadExactly(length);
            ulong size = BinaryPrimitives.ReadUInt64LittleEndian(length);
            if (size > LargestHeader || (long)size > _file.Length - length.Length)
            {
                throw Bad($"its header cannot have {size} bytes");
            }

            byte[] text = new byte[(int)size];
            _file.ReadExactly(text);
            _header = JsonDocument.Parse(text);
            if (_header.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Bad("its header is no JSON object");
            }

            _data = _file.Position;
        }
        catch (Exception exception) when (exception is JsonException or EndOfStreamException)
        {
            _file.Dispose();
            throw Bad("its header cannot be read", exception);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a text of the header.</summary>
    public string Metadata(string name)
    {
        try
        {
            return _header.RootElement.TryGetProperty("__metadata__", out JsonElement metadata)
                && metadata.ValueKind == JsonValueKind.Object
                && metadata.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw Bad($"it does not say '{name}'");
        }
        catch (InvalidOperationException exception)
        {
            throw Bad("its header holds half a surrogate pair", exception);
        }
    }

    /// <summary>Reads a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">The sizes that it must have.</param>
    /// <param name="values">All its numbers; out.</param>
    public void Read(string name, IReadOnlyList<long> shape, Span<float> values)
    {
        try
        {
            if (!_header.RootElement.TryGetProperty(name, out JsonElement tensor))
            {
                throw Bad($"it has no tensor '{name}'");
            }

            long[] found = [.. tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            string? type = tensor.GetProperty("dtype").GetString();
            long[] range = [.. tensor.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
            if (type != "F32" || !found.SequenceEqual(shape) || range is not [>= 0, _]
                || range[1] - range[0] != (long)values.Length * sizeof(float))
            {
                throw Bad($"'{name}' is {type} [{string.Join(", ", found)}], expected F32 [{string.Join(", ", shape)}]");
            }

            _file.Position = _data + range[0];
            _file.ReadExactly(MemoryMarshal.AsBytes(values));
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or FormatException or EndOfStreamException or ArgumentException)
        {
            throw Bad($"'{name}' cannot be read", exception);
        }
    }

    public void Dispose()
    {
        _header.Dispose();
        _file.Dispose();
    }

    private CheckpointException Bad(string what, Exception? inner = null) =>
        new(_path, $"{_path}: {what}: the checkpoint is not of this run's models.", inner);
}
