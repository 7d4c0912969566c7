using System.Buffers.Binary;
using System.Text.Json;

namespace Proximal.Tests.Golden;

/// <summary>A safetensors file read whole: an 8-byte length, a JSON header, the numbers. A reader of the tests' own.</summary>
internal sealed class SafetensorsFile
{
    private const int LengthBytes = 8;

    private readonly byte[] _bytes;
    private readonly int _start;
    private readonly Dictionary<string, JsonElement> _header;

    public SafetensorsFile(string path)
    {
        _bytes = File.ReadAllBytes(path);
        int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes));
        _start = LengthBytes + length;
        using var document = JsonDocument.Parse(_bytes.AsMemory(LengthBytes, length));
        _header = document.RootElement.EnumerateObject()
            .Where(tensor => tensor.Name != "__metadata__")
            .ToDictionary(tensor => tensor.Name, tensor => tensor.Value.Clone());
    }

    /// <summary>The tensors' names.</summary>
    public IReadOnlyCollection<string> Names => _header.Keys;

    /// <summary>A tensor's numbers, row-major, as doubles.</summary>
    public double[] Read(string name)
    {
        JsonElement tensor = _header[name];
        JsonElement offsets = tensor.GetProperty("data_offsets");
        ReadOnlySpan<byte> data = _bytes.AsSpan(_start)[offsets[0].GetInt32()..offsets[1].GetInt32()];
        string type = tensor.GetProperty("dtype").GetString()!;
        int width = type switch
        {
            "F64" => 8,
            "F32" => 4,
            "BF16" or "F16" => 2,
            _ => throw new InvalidDataException($"Tensor '{name}' is {type}: expected F64, F32, BF16 or F16."),
        };
        double[] values = new double[data.Length / width];
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> one = data[(i * width)..];
            values[i] = type switch
            {
                "F64" => BinaryPrimitives.ReadDoubleLittleEndian(one),
                "F32" => BinaryPrimitives.ReadSingleLittleEndian(one),
                "F16" => (double)BinaryPrimitives.ReadHalfLittleEndian(one),
                _ => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(one) << 16),
            };
        }

        return values;
    }
}
