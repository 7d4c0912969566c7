using System.Text.Json;
using Proximal.Tokenization.Models;

namespace Proximal.Tests.Tokenization;

/// <summary>Small tokenizer.json texts.</summary>
internal static class TokenizerTexts
{
    /// <summary>Letters a to e, space and merges ab, abc, de; unknown characters become token 0.</summary>
    public const string Letters = """
        {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 10, "content": "<sep>", "special": false, "normalized": false}],
         "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true,
                   "vocab": {"<unk>": 0, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, " ": 6, "ab": 7, "abc": 8, "de": 9},
                   "merges": [["a", "b"], ["ab", "c"], ["d", "e"]]},
         "decoder": {"type": "Fuse"}}
        """;

    /// <summary>All 256 bytes, a few merges, GPT-2's splitting, one special token.</summary>
    public static string ByteLevel { get; } = MakeByteLevel();

    /// <summary>All byte tokens, spaces as U+2581, a few merges: the SentencePiece kind.</summary>
    public static string ByteFallback { get; } = MakeByteFallback();

    private static string MakeByteLevel()
    {
        Dictionary<string, int> vocabulary = [];
        for (int value = 0; value < 256; value++)
        {
            vocabulary[ByteAlphabet.CharacterOf((byte)value).ToString()] = value;
        }

        string[][] merges = [["h", "e"], ["l", "l"], ["he", "ll"], ["hell", "o"], ["Ġ", "w"], ["Ã", "©"], ["1", "2"]];
        return Assemble(vocabulary, merges, new
        {
            pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, use_regex = true },
            decoder = new { type = "ByteLevel" },
            added_tokens = new[] { new { id = 256 + merges.Length, content = "<|end|>", special = true, normalized = false } },
        });
    }

    private static string MakeByteFallback()
    {
        Dictionary<string, int> vocabulary = new() { ["<unk>"] = 0, ["<s>"] = 1 };
        for (int value = 0; value < 256; value++)
        {
            vocabulary[ByteTokens.NameOf((byte)value)] = vocabulary.Count;
        }

        foreach (string letter in (string[])["▁", "h", "e", "l", "o", "w", "r", "d"])
        {
            vocabulary[letter] = vocabulary.Count;
        }

        string[][] merges = [["h", "e"], ["l", "l"], ["he", "ll"], ["hell", "o"], ["▁", "hello"], ["▁", "w"]];
        return Assemble(vocabulary, merges, new
        {
            normalizer = new
            {
                type = "Sequence",
                normalizers = new object[]
                {
                    new { type = "Prepend", prepend = "▁" },
                    new { type = "Replace", pattern = new { String = " " }, content = "▁" },
                },
            },
            post_processor = new
            {
                type = "TemplateProcessing",
                single = new object[] { new { SpecialToken = new { id = "<s>", type_id = 0 } }, new { Sequence = new { id = "A", type_id = 0 } } },
                special_tokens = new Dictionary<string, object> { ["<s>"] = new { id = "<s>", ids = new[] { 1 }, tokens = new[] { "<s>" } } },
            },
            decoder = new
            {
                type = "Sequence",
                decoders = new object[]
                {
                    new { type = "Replace", pattern = new { String = "▁" }, content = " " },
                    new { type = "ByteFallback" },
                    new { type = "Fuse" },
                    new { type = "Strip", content = " ", start = 1, stop = 0 },
                },
            },
            added_tokens = new[]
            {
                new { id = 0, content = "<unk>", special = true, normalized = false },
                new { id = 1, content = "<s>", special = true, normalized = false },
            },
        }, unknown: "<unk>");
    }

    private static string Assemble(Dictionary<string, int> vocabulary, string[][] merges, object rest, string? unknown = null)
    {
        foreach (string[] merge in merges)
        {
            vocabulary[merge[0] + merge[1]] = vocabulary.Count;
        }

        Dictionary<string, object?> parts = JsonSerializer.SerializeToElement(rest).EnumerateObject()
            .ToDictionary(member => member.Name, member => (object?)member.Value);
        parts["model"] = new { type = "BPE", unk_token = unknown, fuse_unk = true, byte_fallback = unknown is not null, vocab = vocabulary, merges };
        return JsonSerializer.Serialize(parts);
    }
}
