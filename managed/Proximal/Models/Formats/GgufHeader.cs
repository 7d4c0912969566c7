using System.Buffers.Binary;
using System.Text;

namespace Proximal.Models.Formats;

/// <summary>Metadata and tensor list of a GGUF file (versions 2 and 3, little-endian); the tensors' data are not read.</summary>
/// <remarks>Files are not trusted: nothing is allocated that the file is too short to fill. Source: ggml's docs/gguf.md.</remarks>
internal sealed class GgufHeader
{
    private const uint ArrayType = 9;
    private const uint TextType = 8;
    private const int MaximumDimensions = 4;
    private const int LeastTensorBytes = 24;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, object> _metadata = new(StringComparer.Ordinal);

    private GgufHeader(string path) => File = path;

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>Every key with its value: long, ulong, double, bool, string, or an array of long, double, bool or string.</summary>
    public IReadOnlyDictionary<string, object> Metadata => _metadata;

    /// <summary>The tensors in the order of the file.</summary>
    public List<GgufTensorEntry> Tensors { get; } = [];

    /// <summary>Reads a file's header.</summary>
    /// <exception cref="InvalidDataException">The file is no GGUF file, damaged, or of another version.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufHeader Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        var header = new GgufHeader(path);
        try
        {
            header.Read(new Reader(stream));
        }
        catch (DecoderFallbackException exception)
        {
            throw new InvalidDataException($"a text is no UTF-8: {exception.Message}", exception);
        }

        return header;
    }

    /// <summary>A text; <see langword="null"/> when the key is missing or no text.</summary>
    public string? Text(string key) => _metadata.GetValueOrDefault(key) as string;

    /// <summary>A whole number; <see langword="null"/> when the key is missing or none.</summary>
    public long? Integer(string key) => _metadata.GetValueOrDefault(key) is long value ? value : null;

    /// <summary>A truth value; <see langword="null"/> when the key is missing or none.</summary>
    public bool? Flag(string key) => _metadata.GetValueOrDefault(key) is bool value ? value : null;

    /// <summary>A list; <see langword="null"/> when the key is missing or no list of these.</summary>
    public T[]? List<T>(string key) => _metadata.GetValueOrDefault(key) as T[];

    private void Read(Reader reader)
    {
        if (!reader.Bytes(4).SequenceEqual("GGUF"u8))
        {
            throw new InvalidDataException("it does not begin with 'GGUF'");
        }

        uint version = reader.UInt32();
        if (version is < 2 or > 3)
        {
            throw new InvalidDataException(
                $"GGUF version {version}{(version > ushort.MaxValue ? " (the file is big-endian)" : string.Empty)}: this version reads 2 and 3, little-endian");
        }

        long tensors = reader.Count(LeastTensorBytes);
        long keys = reader.Count(sizeof(long));
        for (long i = 0; i < keys; i++)
        {
            string key = reader.Text();
            if (!_metadata.TryAdd(key, ReadValue(reader, reader.UInt32(), key)))
            {
                throw new InvalidDataException($"the key \"{Shorten(key)}\" is there twice");
            }
        }

        for (long i = 0; i < tensors; i++)
        {
            Tensors.Add(ReadTensor(reader));
        }
    }

    private static object ReadValue(Reader reader, uint type, string key) => type switch
    {
        ArrayType => ReadArray(reader, key),
        TextType => reader.Text(),
        _ => ReadNumber(reader, type, key),
    };

    private static object ReadNumber(Reader reader, uint type, string key)
    {
        ReadOnlySpan<byte> bytes = reader.Bytes(SizeOf(type, key));
        return type switch
        {
            0 => (long)bytes[0],
            1 => (long)(sbyte)bytes[0],
            2 => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            3 => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            4 => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            5 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            6 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            7 => bytes[0] != 0,
            10 => BinaryPrimitives.ReadUInt64LittleEndian(bytes) is var value && value <= long.MaxValue ? (long)value : value,
            11 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        };
    }

    private static Array ReadArray(Reader reader, string key)
    {
        uint type = reader.UInt32();
        if (type == TextType)
        {
            string[] texts = new string[reader.Count(sizeof(long))];
            for (int i = 0; i < texts.Length; i++)
            {
                texts[i] = reader.Text();
            }

            return texts;
        }

        object[] values = new object[reader.Count(SizeOf(type, key))];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ReadNumber(reader, type, key);
        }

        return type switch
        {
            6 or 12 => Array.ConvertAll(values, value => (double)value),
            7 => Array.ConvertAll(values, value => (bool)value),
            10 => Array.ConvertAll(values, value => value is long fits ? fits : long.MaxValue),
            _ => Array.ConvertAll(values, value => (long)value),
        };
    }

    private static int SizeOf(uint type, string key) => type switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        10 or 11 or 12 => 8,
        _ => throw new InvalidDataException($"the key \"{Shorten(key)}\" has a value of unknown type {type}"),
    };

    private static GgufTensorEntry ReadTensor(Reader reader)
    {
        string name = reader.Text();
        uint dimensions = reader.UInt32();
        if (dimensions > MaximumDimensions)
        {
            throw new InvalidDataException($"tensor \"{Shorten(name)}\" has {dimensions} dimensions, expected at most {MaximumDimensions}");
        }

        long[] shape = new long[dimensions];
        Int128 elements = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            shape[i] = BinaryPrimitives.ReadInt64LittleEndian(reader.Bytes(sizeof(long)));
            elements *= Math.Max(0, shape[i]);
            if (shape[i] < 1 || elements > long.MaxValue)
            {
                throw new InvalidDataException($"tensor \"{Shorten(name)}\" has an absurd dimension of {shape[i]}");
            }
        }

        uint type = reader.UInt32();
        reader.Bytes(sizeof(long)); // its offset
        return new GgufTensorEntry(name, (long)elements, shape, TypeName(type));
    }

    private static string TypeName(uint type) => type switch
    {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        6 => "Q5_0",
        7 => "Q5_1",
        8 => "Q8_0",
        10 => "Q2_K",
        11 => "Q3_K",
        12 => "Q4_K",
        13 => "Q5_K",
        14 => "Q6_K",
        20 => "IQ4_NL",
        23 => "IQ4_XS",
        30 => "BF16",
        35 => "TQ2_0",
        _ => $"type {type}",
    };

    private static string Shorten(string text) => text.Length <= 60 ? text : $"{text[..60]}...";

    /// <summary>Walks through the file; what would leave it is refused before it is read.</summary>
    private sealed class Reader(Stream stream)
    {
        private byte[] _buffer = new byte[256];

        private long Left => stream.Length - stream.Position;

        public ReadOnlySpan<byte> Bytes(long count)
        {
            if (count > Left)
            {
                throw new InvalidDataException($"at byte {stream.Position}: expected {count} bytes, the file has {Left} more");
            }

            if (_buffer.Length < count)
            {
                _buffer = new byte[count];
            }

            stream.ReadExactly(_buffer, 0, (int)count);
            return _buffer.AsSpan(0, (int)count);
        }

        public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint)));

        /// <summary>A number of things that take at least so many bytes each.</summary>
        public long Count(int least)
        {
            ulong count = BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong)));
            if (count > (ulong)(Left / least) || count > int.MaxValue)
            {
                throw new InvalidDataException($"at byte {stream.Position}: {count} items do not fit into the {Left} bytes that are left");
            }

            return (long)count;
        }

        public string Text() => Utf8.GetString(Bytes(Count(1)));
    }
}
