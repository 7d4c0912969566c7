using System.Text;

namespace Proximal.Tests.Tokenization;

/// <summary>Writes a GGUF file (version 3) of metadata alone: what a vocabulary needs.</summary>
internal sealed class GgufMetadata
{
    private const uint FloatType = 6;
    private const uint FlagType = 7;
    private const uint UnsignedType = 4;
    private const uint SignedType = 5;
    private const uint StringType = 8;
    private const uint ArrayType = 9;

    private readonly List<Action<BinaryWriter>> _entries = [];

    public GgufMetadata Add(string key, string value) => Entry(key, StringType, writer => Text(writer, value));

    public GgufMetadata Add(string key, uint value) => Entry(key, UnsignedType, writer => writer.Write(value));

    public GgufMetadata Add(string key, bool value) => Entry(key, FlagType, writer => writer.Write(value));

    public GgufMetadata Add(string key, IReadOnlyCollection<float> values) => List(key, FloatType, values, (writer, value) => writer.Write(value));

    public GgufMetadata Add(string key, IReadOnlyCollection<string> values) => List(key, StringType, values, Text);

    public GgufMetadata Add(string key, IReadOnlyCollection<int> values) => List(key, SignedType, values, (writer, value) => writer.Write(value));

    /// <summary>Writes the file.</summary>
    /// <returns>Its path.</returns>
    public string Write(string path)
    {
        using var file = new BinaryWriter(File.Create(path));
        file.Write("GGUF"u8);
        file.Write(3u);
        file.Write(0UL); // tensors
        file.Write((ulong)_entries.Count);
        _entries.ForEach(write => write(file));
        return path;
    }

    private GgufMetadata List<T>(string key, uint type, IReadOnlyCollection<T> values, Action<BinaryWriter, T> write) => Entry(key, ArrayType, writer =>
    {
        writer.Write(type);
        writer.Write((ulong)values.Count);
        foreach (T value in values)
        {
            write(writer, value);
        }
    });

    private GgufMetadata Entry(string key, uint type, Action<BinaryWriter> write)
    {
        _entries.Add(writer =>
        {
            Text(writer, key);
            writer.Write(type);
            write(writer);
        });
        return this;
    }

    private static void Text(BinaryWriter writer, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
