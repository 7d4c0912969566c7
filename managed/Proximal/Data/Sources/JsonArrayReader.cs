using System.Text.Json;
using System.Text.Unicode;

namespace Proximal.Data.Sources;

/// <summary>Reads the elements of a JSON array one after the other. Memory is bounded by the longest element that is allowed, not by the file.</summary>
/// <param name="stream">The array; a byte-order mark in front of it is skipped.</param>
/// <param name="path">The file, for messages.</param>
/// <param name="example">A row as it should be, for messages.</param>
/// <param name="longest">The most bytes of an element.</param>
internal sealed class JsonArrayReader(Stream stream, string path, string example, int longest)
{
    private byte[] _buffer = new byte[1 << 16];
    private int _filled;
    private int _used;
    private bool _isLast;
    private int _line = 1;
    private bool _isOpen;
    private JsonReaderState _state;

    /// <summary>The elements with the line that each starts in, from 1.</summary>
    /// <exception cref="DataFileException">The file is no array from some place on.</exception>
    public IEnumerable<(int Line, JsonElement Value)> Read()
    {
        Refill();
        Take(_buffer.AsSpan(0, _filled).StartsWith("\uFEFF"u8) ? 3 : 0);
        while (Next() is { } element)
        {
            yield return element;
        }
    }

    /// <summary>What a file begins with, but for a mark and white space; 0: it ends before.</summary>
    public static byte FirstByte(Stream stream)
    {
        int value;
        do
        {
            value = stream.ReadByte();
        }
        while (value is ' ' or '\t' or '\r' or '\n' or 0xEF or 0xBB or 0xBF);
        return (byte)Math.Max(value, 0);
    }

    private (int Line, JsonElement Value)? Next()
    {
        while (true)
        {
            try
            {
                if (TryNext(out (int Line, JsonElement Value)? element))
                {
                    return element;
                }
            }
            catch (JsonException exception)
            {
                throw new DataFileException(
                    path,
                    (int)(exception.LineNumber ?? 0) + 1,
                    $"the file is not JSON from here on (byte {exception.BytePositionInLine} of the line): expected an array of objects",
                    exception);
            }

            Refill();
        }
    }

    /// <summary>Reads on; false: what is in the buffer ends within a value.</summary>
    private bool TryNext(out (int Line, JsonElement Value)? element)
    {
        element = null;
        var reader = new Utf8JsonReader(_buffer.AsSpan(_used.._filled), _isLast, _state);
        if (!reader.Read())
        {
            return _isLast;
        }

        if (!_isOpen)
        {
            RequireArray(ref reader);
            return TryNext(out element);
        }

        if (reader.TokenType == JsonTokenType.EndArray)
        {
            return TryEnd(ref reader);
        }

        int start = (int)reader.TokenStartIndex;
        if (!JsonElement.TryParseValue(ref reader, out JsonElement? value))
        {
            return false;
        }

        int line = _line + _buffer.AsSpan(_used, start).Count((byte)'\n');
        bool isText = Utf8.IsValid(_buffer.AsSpan(_used + start, (int)reader.BytesConsumed - start));
        Take((int)reader.BytesConsumed);
        _state = reader.CurrentState;
        element = isText ? (line, value!.Value) : throw new DataFileException(path, line, "the element is not UTF-8 text: convert the file");
        return true;
    }

    private void RequireArray(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new DataFileException(
                path, 1, $"expected a JSON array of objects such as {example}, got a JSON {reader.TokenType}: wrap the rows in [ ] or give one object a line");
        }

        _isOpen = true;
        Take((int)reader.BytesConsumed);
        _state = reader.CurrentState;
    }

    /// <summary>What follows the array is read too, so that a second one is not passed over.</summary>
    private bool TryEnd(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (!_isLast)
        {
            // Only the end of the file tells that nothing follows; the end of the array is read again then.
            return false;
        }

        return true;
    }

    private void Take(int count)
    {
        _line += _buffer.AsSpan(_used, count).Count((byte)'\n');
        _used += count;
    }

    private void Refill()
    {
        if (_used > 0)
        {
            _buffer.AsSpan(_used.._filled).CopyTo(_buffer);
            _filled -= _used;
            _used = 0;
        }

        if (_filled == _buffer.Length)
        {
            if (_filled >= longest)
            {
                throw new DataFileException(path, _line, $"an element has more than {longest >> 20} MiB: expected an array of rows");
            }

            Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, longest));
        }

        int count = DataFileException.Guard(path, "The file", () => stream.Read(_buffer, _filled, _buffer.Length - _filled));
        _filled += count;
        _isLast = count == 0;
    }
}
