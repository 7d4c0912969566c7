using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Decoders;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.PostProcessors;
using Proximal.Tokenization.PreTokenizers;

namespace Proximal.Tokenization.Writing;

/// <summary>
/// A tokenizer of byte pairs in the terms of tokenizer.json, whatever file it came from: what is made of it and what is
/// written of it come from the same values, so that they cannot differ.
/// </summary>
internal sealed record TokenizerOutline
{
    /// <summary>The file it came from.</summary>
    public required string File { get; init; }

    /// <summary>The tokens.</summary>
    public required Vocabulary Vocabulary { get; init; }

    /// <summary>The merges as they apply.</summary>
    public required MergeTable Merges { get; init; }

    /// <summary>The merges as they are written, the first to apply first.</summary>
    public required IReadOnlyList<(string Left, string Right)> MergeList { get; init; }

    /// <summary>How unknown characters are treated.</summary>
    public required BytePairOptions Options { get; init; }

    /// <summary>Changes the text first.</summary>
    public JsonObject? Normalizer { get; init; }

    /// <summary>Divides it into words.</summary>
    public JsonObject? PreTokenizer { get; init; }

    /// <summary>Makes text of tokens.</summary>
    public required JsonObject Decoder { get; init; }

    /// <summary>Tokens that are found before everything else.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>The token before a text; <see langword="null"/>: none.</summary>
    public int? Before { get; init; }

    /// <summary>The token after a text; <see langword="null"/>: none.</summary>
    public int? After { get; init; }

    /// <summary>Names as in tokenizer_config.json (bos_token), with ids.</summary>
    public IReadOnlyDictionary<string, int> Roles { get; init; } = new Dictionary<string, int>();

    /// <summary>Says why tokenizer.json cannot say all of it; <see langword="null"/>: it can. Of use to who writes it alone.</summary>
    public Func<TokenizerException?> FindObstacle { get; init; } = () => null;

    /// <summary>Makes the tokenizer.</summary>
    public Tokenizer Make()
    {
        var parts = new TokenizerParts
        {
            Model = new BytePairEncoding(Vocabulary, Merges, Options),
            Normalizer = Read<INormalizer>(Normalizer, "normalizer", NormalizerReader.Read),
            PreTokenizer = Read<IPreTokenizer>(PreTokenizer, "pre_tokenizer", PreTokenizerReader.Read),
            PostProcessor = new TemplatePostProcessor([.. Frame()]),
            Decoder = Read<ITokenDecoder>(Decoder, "decoder", DecoderReader.Read),
            AddedTokens = AddedTokens,
        };
        return new Tokenizer(parts, SpecialTokens.OfIds(RoleOf("bos_token"), RoleOf("eos_token"), RoleOf("pad_token")));
    }

    private IEnumerable<int[]?> Frame()
    {
        if (Before is { } before)
        {
            yield return [before];
        }

        yield return null;
        if (After is { } after)
        {
            yield return [after];
        }
    }

    private int? RoleOf(string name) => Roles.TryGetValue(name, out int id) ? id : null;

    private T? Read<T>(JsonObject? node, string name, Func<JsonPlace, T> read)
        where T : class =>
        node is null ? null : read(new JsonPlace(JsonSerializer.SerializeToElement(node), File, name));
}
