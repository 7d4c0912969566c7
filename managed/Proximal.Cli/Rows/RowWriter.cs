using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Proximal.Cli.Rows;

/// <summary>Writes one JSON object a line. Numbers are the shortest that read back to the same bits.</summary>
internal sealed class RowWriter : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;
    private readonly Stream _output;
    private readonly bool _owned;

    private RowWriter(Stream output, bool owned)
    {
        _output = output;
        _owned = owned;
        _json = new Utf8JsonWriter(_buffer, Options);
    }

    /// <summary>Rows written.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows whose answer is an error.</summary>
    public long Errors { get; private set; }

    /// <summary>Opens an output: a file, or <see langword="null"/> or <c>-</c> for standard output.</summary>
    public static RowWriter Open(string? output, CliHost host)
    {
        if (output is null or "-")
        {
            return new RowWriter(host.Output, owned: false);
        }

        try
        {
            return new RowWriter(new FileStream(output, FileMode.Create, FileAccess.Write, FileShare.Read), owned: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException(ExitCode.Usage, $"--output {output}: cannot be written; {failure.Message}", failure);
        }
    }

    /// <summary>Writes a row: the id, then what <paramref name="fields"/> adds.</summary>
    public void Write(InputRow row, Action<Utf8JsonWriter> fields)
    {
        _json.WriteStartObject();
        _json.WritePropertyName("id");
        _json.WriteRawValue(row.Id, skipInputValidation: true);
        fields(_json);
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _buffer.Write("\n"u8);
        _output.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
        Rows++;
    }

    /// <summary>Answers a row with what is wrong with it.</summary>
    public void WriteError(InputRow row, string message)
    {
        Write(row, json => json.WriteString("error", message));
        Errors++;
    }

    public void Flush() => _output.Flush();

    public void Dispose()
    {
        _json.Dispose();
        if (_owned)
        {
            _output.Dispose();
        }
    }
}
