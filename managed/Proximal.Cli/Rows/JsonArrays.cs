using System.Text.Json;

namespace Proximal.Cli.Rows;

/// <summary>Lists of numbers.</summary>
internal static class JsonArrays
{
    public static void WriteNumbers(this Utf8JsonWriter json, string name, ReadOnlySpan<int> values)
    {
        json.WriteStartArray(name);
        foreach (int value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    public static void WriteNumbers(this Utf8JsonWriter json, string name, ReadOnlySpan<float> values)
    {
        json.WriteStartArray(name);
        foreach (float value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>Numbers of targets: the first token has nothing before it, so its place holds null.</summary>
    public static void WriteTargets(this Utf8JsonWriter json, string name, ReadOnlySpan<float> values)
    {
        json.WriteStartArray(name);
        json.WriteNullValue();
        foreach (float value in values[1..])
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
