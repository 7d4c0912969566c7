using System.Text.Json;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads the "model" of tokenizer.json.</summary>
internal static class ModelReader
{
    private const string Kinds = "BPE, Unigram, WordPiece, WordLevel";

    public static ITokenModel Read(JsonPlace place)
    {
        // Files of early versions have no type; only byte-pair models have merges.
        string type = place.Optional("type")?.AsString() ?? (place.Optional("merges") is null ? "" : "BPE");
        return type switch
        {
            "BPE" => ReadBytePair(place),
            "Unigram" => ReadUnigram(place),
            "WordPiece" => ReadWordPiece(place),
            "WordLevel" => ReadWordLevel(place),
            "" => throw place.Corrupt("\"type\" is missing", $"Name one of {Kinds}"),
            _ => throw place.Unsupported($"models of type \"{type}\" are not supported", $"Supported: {Kinds}"),
        };
    }

    private static BytePairEncoding ReadBytePair(JsonPlace place)
    {
        if (place.Optional("dropout") is { } dropout && dropout.AsNumber() != 0)
        {
            throw dropout.Unsupported("merging with dropout is random and not supported", "Set it to null");
        }

        Vocabulary vocabulary = ReadVocabulary(place.Required("vocab"));
        string prefix = place.Text("continuing_subword_prefix", "");
        MergeTable merges = ReadMerges(place.Required("merges"), vocabulary, prefix);
        return new BytePairEncoding(vocabulary, merges, new BytePairOptions
        {
            UnknownId = place.Optional("unk_token") is { } unknown ? IdOf(vocabulary, unknown) : -1,
            FuseUnknown = place.Flag("fuse_unk", false),
            ByteFallback = place.Flag("byte_fallback", false),
            IgnoreMerges = place.Flag("ignore_merges", false),
            ContinuingPrefix = prefix,
            EndSuffix = place.Text("end_of_word_suffix", ""),
        });
    }

    private static UnigramModel ReadUnigram(JsonPlace place)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        List<double> scores = [];
        foreach (JsonPlace entry in place.Required("vocab").Items())
        {
            JsonPlace[] pair = [.. entry.Items()];
            if (pair.Length != 2)
            {
                throw entry.Corrupt($"expected a piece and its score, got {pair.Length} items", "Correct the entry");
            }

            CheckLength(pair[0].AsString(), pair[0]);
            if (!ids.TryAdd(pair[0].AsString(), scores.Count))
            {
                throw pair[0].Corrupt($"the piece \"{pair[0].AsString()}\" occurs twice", "Remove one");
            }

            scores.Add(pair[1].AsNumber());
        }

        if (scores.Count == 0)
        {
            throw place.Corrupt("\"vocab\" is empty", "Export the tokenizer again");
        }

        int unknown = place.Optional("unk_id")?.AsInteger(0, scores.Count - 1) ?? -1;
        return new UnigramModel(new Vocabulary(ids), [.. scores], unknown, place.Flag("byte_fallback", false));
    }

    private static WordPieceModel ReadWordPiece(JsonPlace place)
    {
        Vocabulary vocabulary = ReadVocabulary(place.Required("vocab"));
        return new WordPieceModel(
            vocabulary,
            IdOf(vocabulary, place.Required("unk_token")),
            place.Text("continuing_subword_prefix", "##"),
            place.Optional("max_input_chars_per_word")?.AsInteger(0, int.MaxValue) ?? WordPieceModel.DefaultLongestWord);
    }

    private static WordLevelModel ReadWordLevel(JsonPlace place)
    {
        Vocabulary vocabulary = ReadVocabulary(place.Required("vocab"));
        return new WordLevelModel(vocabulary, IdOf(vocabulary, place.Required("unk_token")));
    }

    /// <summary>Reads an object of tokens and ids.</summary>
    public static Vocabulary ReadVocabulary(JsonPlace place)
    {
        place.ExpectKind(JsonValueKind.Object, "an object of tokens and ids");
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        HashSet<int> used = [];
        foreach (JsonProperty member in place.Element.EnumerateObject())
        {
            string token = place.NameOf(member);
            CheckLength(token, place);
            if (!member.Value.TryReadInteger(out int id) || id < 0 || id > Vocabulary.MaximumId)
            {
                throw place.Corrupt(
                    $"\"{token}\" has the id {JsonPlace.Shown(member.Value)}, expected a whole number from 0 to {Vocabulary.MaximumId}", "Correct the id");
            }

            if (!ids.TryAdd(token, id))
            {
                throw place.Corrupt($"\"{token}\" occurs twice", "Remove one");
            }

            if (!used.Add(id))
            {
                string other = ids.First(pair => pair.Value == id).Key;
                throw place.Corrupt($"\"{token}\" and \"{other}\" both have id {id}", "Give every token its own id");
            }
        }

        return new Vocabulary(ids);
    }

    private static void CheckLength(string token, JsonPlace place)
    {
        if (token.Length > Vocabulary.LongestToken)
        {
            throw place.Corrupt(
                $"\"{Vocabulary.Shorten(token)}\" has {token.Length} characters, expected at most {Vocabulary.LongestToken}", "Remove the token");
        }
    }

    private static bool TryReadInteger(this JsonElement element, out int value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value);
    }

    private static MergeTable ReadMerges(JsonPlace place, Vocabulary vocabulary, string prefix)
    {
        place.ExpectKind(JsonValueKind.Array, "an array of merges");
        MergeTable merges = new(place.Element.GetArrayLength());
        int rank = 0;
        foreach (JsonElement merge in place.Element.EnumerateArray())
        {
            JsonPlace at = new(merge, place.File, "");
            (string left, string right) = SplitMerge(at with { Path = $"{place.Path}[{rank}]" });
            string? problem = AddMerge(merges, vocabulary, left, right, prefix, rank);
            if (problem is not null)
            {
                throw (at with { Path = $"{place.Path}[{rank}]" }).Corrupt(problem, "Remove the merge or add the token");
            }

            rank++;
        }

        return merges;
    }

    /// <summary>Adds a merge; says what is wrong with it, if anything is.</summary>
    public static string? AddMerge(MergeTable merges, Vocabulary vocabulary, string left, string right, string prefix, int rank)
    {
        int leftId = vocabulary.IdOf(left);
        int rightId = vocabulary.IdOf(right);
        if (leftId < 0 || rightId < 0)
        {
            return $"the merge names \"{(leftId < 0 ? left : right)}\", which the vocabulary lacks";
        }

        string merged = left + (prefix.Length > 0 && right.StartsWith(prefix, StringComparison.Ordinal) ? right[prefix.Length..] : right);
        int mergedId = vocabulary.IdOf(merged);
        if (mergedId < 0)
        {
            return $"the merge gives \"{merged}\", which the vocabulary lacks";
        }

        return merges.TryAdd(leftId, rightId, rank, mergedId) ? null : $"the merge of \"{left}\" and \"{right}\" occurs twice";
    }

    private static (string Left, string Right) SplitMerge(JsonPlace place)
    {
        if (place.Element.ValueKind == JsonValueKind.Array && place.Element.GetArrayLength() == 2)
        {
            JsonPlace[] pair = [.. place.Items()];
            return (pair[0].AsString(), pair[1].AsString());
        }

        string[] parts = place.Element.ValueKind == JsonValueKind.String ? place.AsString().Split(' ') : [];
        return parts.Length == 2
            ? (parts[0], parts[1])
            : throw place.Corrupt("expected two tokens, as a pair or with one space between them", "Correct the merge");
    }

    private static int IdOf(Vocabulary vocabulary, JsonPlace token)
    {
        int id = vocabulary.IdOf(token.AsString());
        return id >= 0 ? id : throw token.Corrupt($"the vocabulary has no token \"{token.AsString()}\"", "Name a token of the vocabulary");
    }
}
