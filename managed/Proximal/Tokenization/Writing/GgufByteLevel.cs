using System.Text.Json;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Writing;

/// <summary>Byte-level BPE in the terms of a GGUF file: "gpt2".</summary>
internal static class GgufByteLevel
{
    /// <summary>Of a tokenizer.json.</summary>
    /// <param name="root">The whole of it.</param>
    /// <param name="parts">What it was read as.</param>
    /// <param name="frame">The tokens with a role.</param>
    /// <param name="count">Ids that the model has.</param>
    /// <exception cref="TokenizerException">A GGUF file cannot say it.</exception>
    public static GgufVocabulary OfJson(JsonPlace root, TokenizerParts parts, GgufFrame frame, int count)
    {
        JsonPlace model = root.Required("model");
        if (model.Text("continuing_subword_prefix", "").Length > 0 || model.Text("end_of_word_suffix", "").Length > 0)
        {
            throw GgufObstacle.At(root.File, model.Path, "its tokens carry a continuing_subword_prefix or end_of_word_suffix");
        }

        if (root.Optional("decoder")?.Optional("type")?.AsString() != "ByteLevel")
        {
            throw GgufObstacle.At(root.File, "$.decoder", "llama.cpp decodes such tokens as bytes: expected a decoder of type ByteLevel");
        }

        string pre = GgufSplits.NameOf(root, model.Flag("ignore_merges", false))
            ?? (EveryTokenIsItsOwnWord(parts) ? GgufSplits.NameOf(root, null) : null)
            ?? throw GgufObstacle.At(
                root.File,
                "$.pre_tokenizer",
                $"llama.cpp has no name for the way it divides text (normalizer, pre_tokenizer and model.ignore_merges together); names that this version knows: {GgufPreTokenizer.Names}");
        return Make(pre, parts.Model.Vocabulary, parts.AddedTokens, [.. model.Required("merges").Items().Select(Merge)], frame, count, root.File);
    }

    /// <summary>Of GPT-2's own pair of files.</summary>
    public static GgufVocabulary OfPair(TokenizerParts parts, IEnumerable<string> mergeLines, GgufFrame frame, int count, string file) => Make(
        "gpt-2",
        parts.Model.Vocabulary,
        parts.AddedTokens,
        [.. mergeLines.Select(line => line.TrimEnd('\r')).Where((line, index) => line.Length > 0 && !(index == 0 && line.StartsWith("#version", StringComparison.Ordinal)))],
        frame,
        count,
        file);

    private static GgufVocabulary Make(
        string pre, Vocabulary vocabulary, IReadOnlyList<AddedToken> added, string[] merges, GgufFrame frame, int count, string file) => new()
        {
            Model = "gpt2",
            Pre = pre,
            Tokens = GgufTokens.Of(vocabulary, added, frame.Ids, count, file, _ => SentencePieceKind.Normal, token => token),
            Merges = merges,
        };

    private static string Merge(JsonPlace place) => place.Element.ValueKind == JsonValueKind.Array
        ? string.Join(' ', place.Items().Select(part => part.AsString()))
        : place.AsString();

    /// <summary>The merges lead to every token that they are needed for: whether words that are tokens are taken whole makes no difference.</summary>
    private static bool EveryTokenIsItsOwnWord(TokenizerParts parts)
    {
        HashSet<int> added = [.. parts.AddedTokens.Select(token => token.Id)];
        List<int> ids = [];
        foreach ((string token, int id) in parts.Model.Vocabulary.Tokens.Where(token => !added.Contains(token.Value)))
        {
            ids.Clear();
            parts.Model.Encode(token, ids, null);
            if (ids.Count != 1 || ids[0] != id)
            {
                return false;
            }
        }

        return true;
    }
}
