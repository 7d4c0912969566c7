using System.Text;

namespace Proximal.Tests.Tokenization;

/// <summary>Reads a SentencePiece vocabulary out of a GGUF file: enough to check encodings against llama.cpp's.</summary>
internal static class GgufVocabulary
{
    private const uint ArrayType = 9;
    private const uint StringType = 8;

    /// <summary>Text, score and kind of every piece.</summary>
    public static List<(string Text, float Score, int Kind)> Read(string path)
    {
        using BinaryReader reader = new(File.OpenRead(path));
        reader.BaseStream.Position = 16; // magic, version, number of tensors
        ulong entries = reader.ReadUInt64();
        Dictionary<string, List<object>> arrays = [];
        for (ulong i = 0; i < entries; i++)
        {
            string key = ReadText(reader);
            uint type = reader.ReadUInt32();
            if (type == ArrayType)
            {
                uint itemType = reader.ReadUInt32();
                ulong count = reader.ReadUInt64();
                arrays[key] = [.. Enumerable.Range(0, (int)count).Select(_ => ReadValue(reader, itemType))];
            }
            else
            {
                ReadValue(reader, type);
            }
        }

        return
        [
            .. arrays["tokenizer.ggml.tokens"].Select((text, id) =>
                ((string)text, (float)arrays["tokenizer.ggml.scores"][id], (int)arrays["tokenizer.ggml.token_type"][id])),
        ];
    }

    private static string ReadText(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadUInt64()));

    private static object ReadValue(BinaryReader reader, uint type) => type switch
    {
        0 or 1 or 7 => reader.ReadByte(),
        2 or 3 => reader.ReadInt16(),
        4 or 5 => reader.ReadInt32(),
        6 => reader.ReadSingle(),
        StringType => ReadText(reader),
        10 or 11 or 12 => reader.ReadInt64(),
        _ => throw new InvalidDataException($"value type {type}"),
    };
}
