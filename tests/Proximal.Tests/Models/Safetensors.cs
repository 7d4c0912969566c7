using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Proximal.Tests.Models;

/// <summary>A second reader and writer of safetensors, that the engine's own is compared with.</summary>
internal static class Safetensors
{
    /// <summary>One tensor as the file holds it.</summary>
    internal sealed record Tensor(string Type, long[] Shape, byte[] Data)
    {
        /// <summary>An fp32 tensor.</summary>
        public static Tensor Of(float[] values, params long[] shape) =>
            new("F32", shape, MemoryMarshal.AsBytes<float>(values).ToArray());

        /// <summary>The numbers of an F32, F16 or BF16 tensor.</summary>
        public float[] Floats() => Type switch
        {
            "F32" => MemoryMarshal.Cast<byte, float>(Data).ToArray(),
            "F16" => Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(Data).ToArray(), half => (float)half),
            "BF16" => Array.ConvertAll(
                MemoryMarshal.Cast<byte, ushort>(Data).ToArray(), bits => BitConverter.Int32BitsToSingle(bits << 16)),
            _ => throw new NotSupportedException(Type),
        };

        /// <summary>The numbers of an F64 tensor.</summary>
        public double[] Doubles() => Type == "F64"
            ? MemoryMarshal.Cast<byte, double>(Data).ToArray()
            : throw new NotSupportedException(Type);

        /// <summary>The tensor in another type, cut towards zero in BF16 and rounded in F16.</summary>
        public Tensor As(string type) => this with
        {
            Type = type,
            Data = type switch
            {
                "F32" => MemoryMarshal.AsBytes<float>(Floats()).ToArray(),
                "F16" => MemoryMarshal.AsBytes<Half>(Array.ConvertAll(Floats(), value => (Half)value)).ToArray(),
                "BF16" => MemoryMarshal.AsBytes<ushort>(
                    Array.ConvertAll(Floats(), value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))).ToArray(),
                _ => throw new NotSupportedException(type),
            },
        };
    }

    /// <summary>Writes a file of these tensors.</summary>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        long offset = 0;
        foreach ((string name, Tensor tensor) in tensors)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = tensor.Type,
                ["shape"] = new JsonArray([.. tensor.Shape.Select(size => JsonValue.Create(size))]),
                ["data_offsets"] = new JsonArray(offset, offset + tensor.Data.Length),
            };
            offset += tensor.Data.Length;
        }

        Write(path, header.ToJsonString(), [.. tensors.Values.SelectMany(tensor => tensor.Data)]);
    }

    /// <summary>Writes a file with this header, whatever it says.</summary>
    public static void Write(string path, string header, byte[] data)
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        File.WriteAllBytes(path, [.. length, .. text, .. data]);
    }

    /// <summary>Splits a file into header and data.</summary>
    public static (string Header, byte[] Data) Split(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = checked((int)BinaryPrimitives.ReadInt64LittleEndian(bytes));
        return (System.Text.Encoding.UTF8.GetString(bytes, 8, length), bytes[(8 + length)..]);
    }

    /// <summary>The tensors of a file.</summary>
    public static Dictionary<string, Tensor> Read(string path)
    {
        (string header, byte[] data) = Split(path);
        using JsonDocument document = JsonDocument.Parse(header);
        return document.RootElement.EnumerateObject()
            .Where(entry => entry.Name != "__metadata__")
            .ToDictionary(entry => entry.Name, entry => ReadTensor(entry.Value, data));
    }

    private static Tensor ReadTensor(JsonElement entry, byte[] data)
    {
        JsonElement offsets = entry.GetProperty("data_offsets");
        return new Tensor(
            entry.GetProperty("dtype").GetString()!,
            [.. entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())],
            data[offsets[0].GetInt32()..offsets[1].GetInt32()]);
    }
}
