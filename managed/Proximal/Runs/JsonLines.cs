using System.Text.Encodings.Web;
using System.Text.Json;

namespace Proximal.Runs;

/// <summary>Appends rows to a JSONL file; each is on disk's way when the call returns.</summary>
internal sealed class JsonLines : IDisposable
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly FileStream _file;

    public JsonLines(string path)
    {
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
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
        _file.Write(row.GetBuffer().AsSpan(0, (int)row.Length));
        _file.Flush();
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

    public void Dispose() => _file.Dispose();
}
