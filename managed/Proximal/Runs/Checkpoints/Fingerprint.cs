using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Proximal.Data;
using Proximal.Models;

namespace Proximal.Runs.Checkpoints;

/// <summary>SHA-256 of what a run reads again when it is resumed: paths may change, what they lead to may not.</summary>
internal static class Fingerprint
{
    /// <summary>Of all weights.</summary>
    public static string Of(LanguageModel model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (TensorInfo tensor in model.Tensors)
        {
            Add(hash, tensor.Name);
            hash.AppendData(MemoryMarshal.AsBytes(model.ReadTensor(tensor.Index).AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of files, and of the files in folders (not in folders within them), in their order.</summary>
    public static string OfFiles(IEnumerable<string> paths)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in paths.SelectMany(Files))
        {
            using FileStream content = File.OpenRead(file);
            hash.AppendData(SHA256.HashData(content));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of the texts and tokens of prompts, in their order.</summary>
    public static string Of(IEnumerable<Prompt> prompts) => Of(prompts.Select(prompt => (prompt.Text, prompt.Tokens)));

    /// <summary>Of the texts and tokens of examples and of what is learned of them, in their order.</summary>
    public static string Of(IEnumerable<SftExample> examples) => Of(examples.SelectMany(example => new (string?, int[])[]
    {
        (example.Prompt, example.Tokens), (null, [.. example.Learned.Select(learned => learned ? 1 : 0)]),
    }));

    /// <summary>Of texts and tokens, in their order.</summary>
    public static string Of(IEnumerable<(string? Text, int[] Tokens)> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string? text, int[] tokens) in rows)
        {
            Add(hash, text ?? string.Empty);
            Add(hash, tokens.Length);
            hash.AppendData(MemoryMarshal.AsBytes(tokens.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<string> Files(string path) =>
        Directory.Exists(path) ? Directory.GetFiles(path).Order(StringComparer.Ordinal) : [path];

    private static void Add(IncrementalHash hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Add(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        hash.AppendData(bytes);
    }
}
