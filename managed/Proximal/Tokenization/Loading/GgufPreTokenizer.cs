using System.Text.Json.Nodes;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.Writing;

namespace Proximal.Tokenization.Loading;

/// <summary>What tokenizer.ggml.pre stands for, as tokenizer.json says it. Source: llama.cpp's llama-vocab.cpp, and the tokenizer.json of the models it names.</summary>
/// <param name="Steps">How text is divided.</param>
internal sealed record GgufPreTokenizer(JsonObject Steps)
{
    /// <summary>The names that are known.</summary>
    public const string Names = "default, gpt-2, smollm, qwen2, llama-bpe";

    /// <summary>Changes the text first.</summary>
    public JsonObject? Normalizer { get; init; }

    /// <summary>A word that is a token is taken whole.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>A begin token stands before a text, where the file does not say.</summary>
    public bool AddsBos { get; init; }

    /// <summary>Finds a name; <see langword="null"/>: it is not known.</summary>
    public static GgufPreTokenizer? Of(string name) => name switch
    {
        "default" => new(Sequence(
            TokenizerNodes.Split(@"[\p{P}\$\+<=>\^~\|]+"),
            TokenizerNodes.Split(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"),
            TokenizerNodes.Split(@"\p{N}+"),
            TokenizerNodes.Split("[0-9][0-9][0-9]"),
            Bytes(useRegex: false))),
        "gpt-2" or "gpt2" => new(Bytes(useRegex: true)),
        "smollm" => new(Sequence(TokenizerNodes.Digits(), Bytes(useRegex: true))),
        "qwen2" => new(Sequence(TokenizerNodes.Split(FamilyPatterns.Qwen2Source), Bytes(useRegex: false))) { Normalizer = TokenizerNodes.Nfc() },
        "llama-bpe" or "llama3" or "llama-v3" => new(Sequence(TokenizerNodes.Split(FamilyPatterns.Llama3Source), Bytes(useRegex: false)))
        {
            IgnoreMerges = true,
            AddsBos = true,
        },
        _ => null,
    };

    private static JsonObject Sequence(params JsonNode[] steps) => TokenizerNodes.Steps("pretokenizers", steps);

    private static JsonObject Bytes(bool useRegex) => TokenizerNodes.ByteLevel(trimOffsets: true, useRegex);
}
