using System.Globalization;
using System.Text.Json;

namespace Proximal.Tests.Golden;

/// <summary>Numbers of a golden file with their shape; a single number has none.</summary>
internal sealed record GoldenTensor(int[] Shape, double[] Data)
{
    public int Count => Data.Length;

    /// <summary>B of [B, T].</summary>
    public int Rows => Shape[0];

    /// <summary>T of [B, T].</summary>
    public int Columns => Shape[1];

    /// <summary>Reads {"shape", "data"}, a plain list, or one number; not-a-number and infinities are strings.</summary>
    public static GoldenTensor Parse(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => new(
            [.. json.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())],
            Numbers(json.GetProperty("data"))),
        JsonValueKind.Array => new([json.GetArrayLength()], Numbers(json)),
        _ => new([], [Number(json)]),
    };

    /// <summary>One number.</summary>
    public static double Number(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => double.Parse(json.GetString()!, CultureInfo.InvariantCulture),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => json.GetDouble(),
    };

    /// <summary>All numbers of a list, lists within it in order.</summary>
    public static double[] Numbers(JsonElement list) =>
    [
        .. list.EnumerateArray().SelectMany(item => item.ValueKind == JsonValueKind.Array ? Numbers(item) : [Number(item)]),
    ];

    /// <summary>The numbers as float32; golden inputs are exact in it.</summary>
    /// <exception cref="InvalidDataException">A number is not.</exception>
    public float[] Floats() => Array.ConvertAll(Data, value => (float)value is var single && ((double)single).Equals(value)
        ? single
        : throw new InvalidDataException($"{value:R} is no float32: golden inputs are."));

    public int[] Ints() => Array.ConvertAll(Data, value => checked((int)value));

    /// <summary>One row of [B, T].</summary>
    public double[] Row(int row) => Data[(row * Columns)..((row + 1) * Columns)];
}
