using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.PreTokenizers;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Loading;

/// <summary>What tokenizer.ggml.pre stands for. Source: llama.cpp's llama-vocab.cpp, and the tokenizer.json of the models it names.</summary>
/// <param name="Steps">How text is divided.</param>
internal sealed record GgufPreTokenizer(IPreTokenizer Steps)
{
    /// <summary>The names that are known.</summary>
    public const string Names = "default, gpt-2, smollm, qwen2, llama-bpe";

    /// <summary>Changes the text first.</summary>
    public INormalizer? Normalizer { get; init; }

    /// <summary>A word that is a token is taken whole.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>A begin token stands before a text, where the file does not say.</summary>
    public bool AddsBos { get; init; }

    /// <summary>Finds a name; <see langword="null"/>: it is not known.</summary>
    public static GgufPreTokenizer? Of(string name) => name switch
    {
        "default" => new(Sequence(
            Split(@"[\p{P}\$\+<=>\^~\|]+"),
            Split(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"),
            Split(@"\p{N}+"),
            Split("[0-9][0-9][0-9]"),
            Bytes(useRegex: false))),
        "gpt-2" or "gpt2" => new(Bytes(useRegex: true)),
        "smollm" => new(Sequence(Digits(), Bytes(useRegex: true))),
        "qwen2" => new(Sequence(Split(FamilyPatterns.Qwen2Source), Bytes(useRegex: false)))
        {
            Normalizer = new UnicodeNormalizer(UnicodeForm.Nfc),
        },
        "llama-bpe" or "llama3" or "llama-v3" => new(Sequence(Split(FamilyPatterns.Llama3Source), Bytes(useRegex: false)))
        {
            IgnoreMerges = true,
            AddsBos = true,
        },
        _ => null,
    };

    private static PreTokenizerSequence Sequence(params IPreTokenizer[] steps) => new(steps);

    private static SplitPreTokenizer Split(string expression) =>
        new(FamilyPatterns.Of(expression) ?? new RegexPattern(expression), SplitBehavior.Isolated);

    private static SplitPreTokenizer Digits() =>
        new(new ClassPattern(rune => (CharacterClasses.Of(rune) & CharacterClass.Number) != 0), SplitBehavior.Isolated);

    private static ByteLevelPreTokenizer Bytes(bool useRegex) => new(addPrefixSpace: false, useRegex);
}
