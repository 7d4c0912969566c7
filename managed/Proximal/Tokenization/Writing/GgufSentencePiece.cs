using System.Text.Json;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Writing;

/// <summary>SentencePiece's BPE in the terms of a GGUF file: "llama".</summary>
/// <remarks>
/// llama.cpp turns spaces into U+2581, puts one before a text and after each token that is found before everything else, takes
/// the leftmost of the merges into the piece with the best score, and spells what no piece does in bytes.
/// </remarks>
internal static class GgufSentencePiece
{
    private const string Space = "\u2581";

    /// <summary>Of a tokenizer.model.</summary>
    /// <exception cref="TokenizerException">A GGUF file cannot say it.</exception>
    public static GgufVocabulary OfFile(string path, TokenizerParts parts, GgufFrame frame, int count)
    {
        SentencePieceFile file = SentencePieceFile.Read(path);
        string? obstacle = file switch
        {
            { ModelType: not 2 } => "it is no model of byte pairs (trainer_spec.model_type 2)",
            { CharacterMap.Length: > 0 } => "it changes characters first (normalizer_spec.precompiled_charsmap)",
            { RemoveExtraSpaces: true } => "it removes spaces (normalizer_spec.remove_extra_whitespaces)",
            { EscapeSpaces: false } => "it does not write spaces as U+2581 (normalizer_spec.escape_whitespaces)",
            { SpaceAsSuffix: true } => "it puts spaces behind words (trainer_spec.treat_whitespace_as_suffix)",
            _ => null,
        };
        if (obstacle is not null)
        {
            throw GgufObstacle.At(path, "", obstacle);
        }

        float[] scores = new float[count];
        for (int id = 0; id < Math.Min(count, file.Pieces.Count); id++)
        {
            scores[id] = file.Pieces[id].Score;
        }

        int unknown = file.Pieces.FindIndex(piece => piece.Kind == SentencePieceKind.Unknown);
        return Make(
            path,
            parts,
            frame,
            count,
            id => id < file.Pieces.Count ? file.Pieces[id].Kind : SentencePieceKind.Normal,
            token => token) with
        {
            Scores = scores,
            AddsSpace = file.AddDummyPrefix,
            Unknown = unknown < 0 ? null : unknown,
        };
    }

    /// <summary>Of a tokenizer.json: the merges become scores of pieces.</summary>
    /// <exception cref="TokenizerException">A GGUF file cannot say it.</exception>
    public static GgufVocabulary OfJson(JsonPlace root, TokenizerParts parts, GgufFrame frame, int count)
    {
        Vocabulary vocabulary = parts.Model.Vocabulary;
        GgufSpaces spaces = GgufSpaces.Of(root, vocabulary);
        string? unknown = root.Required("model").Optional("unk_token")?.AsString();
        int unknownId = unknown is null ? -1 : vocabulary.IdOf(unknown);
        HashSet<int> added = [.. parts.AddedTokens.Select(token => token.Id)];
        SentencePieceKind KindOf(int id) => id == unknownId
            ? SentencePieceKind.Unknown
            : vocabulary.TokenOf(id) is { } token && !added.Contains(id) && ByteTokens.ByteOf(token) >= 0 ? SentencePieceKind.Byte : SentencePieceKind.Normal;
        GgufVocabulary made = Make(root.File, parts, frame, count, KindOf, spaces.Spell);
        return made with
        {
            Scores = Scores(root, vocabulary, made.Tokens, spaces),
            AddsSpace = spaces.AddsSpace,
            Unknown = unknownId < 0 ? null : unknownId,
            Notes = spaces.Notes,
        };
    }

    private static GgufVocabulary Make(
        string file, TokenizerParts parts, GgufFrame frame, int count, Func<int, SentencePieceKind> kindOf, Func<string, string> spell)
    {
        if (Array.IndexOf(ByteTokens.Find(parts.Model.Vocabulary), -1) is >= 0 and var missing)
        {
            throw GgufObstacle.At(file, "", $"the vocabulary has no token {ByteTokens.NameOf((byte)missing)}, and llama.cpp spells unknown characters in bytes");
        }

        return new GgufVocabulary
        {
            Model = "llama",
            Pre = "default",
            Tokens = GgufTokens.Of(parts.Model.Vocabulary, parts.AddedTokens, frame.Ids, count, file, kindOf, spell),
        };
    }

    /// <summary>A piece's score is minus the place of its first merge; checked by finding the merges again from the scores.</summary>
    private static float[] Scores(JsonPlace root, Vocabulary vocabulary, GgufTokens tokens, GgufSpaces spaces)
    {
        List<(int Left, int Right, int Merged)> merges = [.. root.Required("model").Required("merges").Items().Select(place => Merge(place, vocabulary))];
        float[] scores = new float[tokens.Texts.Length];
        Array.Fill(scores, -merges.Count - 1);
        foreach (((int _, int _, int merged), int place) in merges.Select((merge, place) => (merge, place)).Reverse())
        {
            scores[merged] = -place;
        }

        SentencePieceFile.Piece[] pieces = [.. tokens.Texts.Select((text, id) => new SentencePieceFile.Piece(text, scores[id], tokens.Kinds[id]))];
        Vocabulary spelled = new(tokens.Texts.Select((text, id) => (text, id)).ToDictionary(item => item.text, item => item.id, StringComparer.Ordinal));
        Dictionary<(int, int), float> found = SentencePieceTokenizer.FindMerges(pieces, spelled).ToDictionary(merge => (merge.Left, merge.Right), merge => scores[merge.Merged]);
        float previous = float.PositiveInfinity;
        foreach (((int left, int right, int merged), int place) in merges.Select((merge, place) => (merge, place)))
        {
            if (!found.Remove((left, right), out float score) || score > previous)
            {
                throw Unordered(root, $"$.model.merges[{place}]", spaces, vocabulary, merged);
            }

            previous = score;
        }

        return found.Count == 0
            ? scores
            : throw Unordered(root, "$.model.merges", spaces, vocabulary, spelled.IdOf(tokens.Texts[found.Keys.First().Item1] + tokens.Texts[found.Keys.First().Item2]));
    }

    private static (int Left, int Right, int Merged) Merge(JsonPlace place, Vocabulary vocabulary)
    {
        string[] parts = place.Element.ValueKind == JsonValueKind.Array
            ? [.. place.Items().Select(part => part.AsString())]
            : place.AsString().Split(' ');
        return (vocabulary.IdOf(parts[0]), vocabulary.IdOf(parts[^1]), vocabulary.IdOf(parts[0] + parts[^1]));
    }

    private static TokenizerException Unordered(JsonPlace root, string place, GgufSpaces spaces, Vocabulary vocabulary, int piece) => GgufObstacle.At(
        root.File,
        place,
        $"llama.cpp merges by a score of the piece that comes out, and no scores give this list's order (at \"{Vocabulary.Shorten(spaces.Spell(vocabulary.TokenOf(piece) ?? string.Empty))}\")",
        "If the model has a tokenizer.model, name that; else write a Hugging Face folder");
}
