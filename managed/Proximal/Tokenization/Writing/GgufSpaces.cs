using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.PreTokenizers;

namespace Proximal.Tokenization.Writing;

/// <summary>What a tokenizer.json of SentencePiece's kind does with spaces, where llama.cpp does the same.</summary>
/// <param name="AddsSpace">It puts one before a text.</param>
/// <param name="Plain">Its tokens hold spaces where llama.cpp's hold U+2581.</param>
/// <param name="Notes">Where llama.cpp does otherwise.</param>
internal sealed record GgufSpaces(bool AddsSpace, bool Plain, IReadOnlyList<string> Notes)
{
    private const string Space = "\u2581";

    private const string FirstOnly =
        "the tokenizer puts a space before the beginning of a text alone, llama.cpp also before what follows a control token";

    /// <summary>Reads normalizer and pre_tokenizer.</summary>
    /// <exception cref="TokenizerException">llama.cpp does otherwise.</exception>
    public static GgufSpaces Of(JsonPlace root, Vocabulary vocabulary)
    {
        JsonElement? normalizer = root.Optional("normalizer")?.Element;
        JsonPlace? splitter = root.Optional("pre_tokenizer");
        JsonObject replace = TokenizerNodes.Replace(" ", Space);
        GgufSpaces? found = splitter is { } place
            ? normalizer is null ? OfMetaspace(place, vocabulary) : null
            : normalizer switch
            {
                { } same when Same(same, TokenizerNodes.Steps("normalizers", Prepend(Space), replace.DeepClone())) => new(true, false, []),
                { } same when Same(same, replace) => new(false, false, []),
                { } same when Same(same, Prepend(" ")) && !Has(vocabulary, Space) => new(true, true, []),
                null when !Has(vocabulary, Space) => new(false, true, []),
                _ => null,
            };
        return found ?? throw GgufObstacle.At(
            root.File, "$.normalizer", "of models that spell unknown characters in bytes, llama.cpp turns spaces into U+2581 and divides text nowhere; this one does otherwise");
    }

    /// <summary>A token as llama.cpp has it.</summary>
    public string Spell(string token) => Plain ? token.Replace(" ", Space, StringComparison.Ordinal) : token;

    private static GgufSpaces? OfMetaspace(JsonPlace place, Vocabulary vocabulary)
    {
        if (place.Required("type").AsString() != "Metaspace" || PreTokenizerReader.ReadReplacement(place) != Space
            || (place.Flag("split", true) && vocabulary.Tokens.Keys.Any(token => token.IndexOf(Space[0], 1) > 0)))
        {
            return null;
        }

        PrependScheme scheme = PreTokenizerReader.ReadScheme(place);
        return new(scheme != PrependScheme.Never, false, scheme == PrependScheme.First ? [FirstOnly] : []);
    }

    private static JsonObject Prepend(string text) => new() { ["type"] = "Prepend", ["prepend"] = text };

    private static bool Same(JsonElement element, JsonObject node) => JsonNode.DeepEquals(JsonObject.Create(element), node);

    private static bool Has(Vocabulary vocabulary, string text) => vocabulary.Tokens.Keys.Any(token => token.Contains(text, StringComparison.Ordinal));
}
