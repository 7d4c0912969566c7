using System.Text.Json;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Decoders;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.PostProcessors;

namespace Proximal.Tokenization.Loading;

/// <summary>Makes a tokenizer of a SentencePiece model (tokenizer.model).</summary>
/// <remarks>
/// Control pieces are special added tokens and user-defined pieces added tokens, so both are found in a text; further ones
/// come from added_tokens_decoder in tokenizer_config.json. Its add_bos_token and add_eos_token say what stands around a
/// text; without them it is the begin piece where the model has one, else (T5) the end piece.
/// </remarks>
internal static class SentencePieceTokenizer
{
    private const int Unigram = 1;
    private const int BytePair = 2;
    private const string Space = "\u2581";

    public static TokenizerParts Read(string path, string folder)
    {
        SentencePieceFile file = SentencePieceFile.Read(path);
        Vocabulary vocabulary = ReadVocabulary(file, path);
        int unknown = file.Pieces.FindIndex(piece => piece.Kind == SentencePieceKind.Unknown);
        List<AddedToken> added = FindAddedTokens(file);
        bool? addBos = null;
        bool? addEos = null;
        string configPath = Path.Combine(folder, SpecialTokens.ConfigFile);
        if (File.Exists(configPath))
        {
            using JsonFile config = JsonFile.Open(configPath);
            addBos = config.Root.Optional("add_bos_token")?.AsBoolean();
            addEos = config.Root.Optional("add_eos_token")?.AsBoolean();
            AddConfigured(config.Root, vocabulary, added);
        }

        return new TokenizerParts
        {
            Model = MakeModel(file, vocabulary, unknown, path),
            Normalizer = new SentencePieceNormalizer(file, ReadMap(file, path)),
            PostProcessor = MakeFrame(file, addBos, addEos),
            Decoder = MakeDecoder(file),
            AddedTokens = added,
        };
    }

    private static Vocabulary ReadVocabulary(SentencePieceFile file, string path)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        for (int id = 0; id < file.Pieces.Count; id++)
        {
            SentencePieceFile.Piece piece = file.Pieces[id];
            if (piece.Text.Length is 0 or > Vocabulary.LongestToken || !float.IsFinite(piece.Score) || !ids.TryAdd(piece.Text, id))
            {
                throw new TokenizerException(
                    ProximalStatus.CorruptData,
                    path,
                    $"piece {id}",
                    $"\"{Vocabulary.Shorten(piece.Text)}\" with score {piece.Score} is empty, too long, a repetition or has no finite score",
                    "Fetch the file again");
            }
        }

        return new Vocabulary(ids);
    }

    private static List<AddedToken> FindAddedTokens(SentencePieceFile file) =>
    [
        .. file.Pieces.Select((piece, id) => (piece, id))
            .Where(item => item.piece.Kind is SentencePieceKind.Unknown or SentencePieceKind.Control or SentencePieceKind.UserDefined)
            .Select(item => new AddedToken
            {
                Id = item.id,
                Content = item.piece.Text,
                IsSpecial = item.piece.Kind != SentencePieceKind.UserDefined,
                // SentencePiece looks for these in the text that has its dummy and its other spaces.
                Normalized = item.piece.Kind == SentencePieceKind.UserDefined,
                NormalizedForm = item.piece.Text,
            }),
    ];

    private static void AddConfigured(JsonPlace config, Vocabulary vocabulary, List<AddedToken> added)
    {
        foreach ((string name, JsonPlace place) in config.Optional("added_tokens_decoder")?.Members() ?? [])
        {
            if (!int.TryParse(name, out int id) || id < 0 || id > Vocabulary.MaximumId)
            {
                throw place.Corrupt($"\"{name}\" is no id", "Use whole numbers as names");
            }

            AddedToken token = TokenizerJson.ReadAddedToken(place, id);
            TokenizerJson.CheckAgainst(vocabulary, token, place);
            added.RemoveAll(other => other.Id == id);
            if (added.Exists(other => other.Content == token.Content))
            {
                throw place.Corrupt($"\"{token.Content}\" has another id already", "Remove one of them");
            }

            added.Add(token);
        }
    }

    private static ITokenModel MakeModel(SentencePieceFile file, Vocabulary vocabulary, int unknown, string path) => file.ModelType switch
    {
        Unigram => new UnigramModel(vocabulary, Scores(file), unknown, file.ByteFallback),
        BytePair => new BytePairEncoding(vocabulary, MergeTable.Of(FindMerges(file.Pieces, vocabulary)), new BytePairOptions
        {
            UnknownId = unknown,
            FuseUnknown = true,
            ByteFallback = file.ByteFallback,
        }),
        _ => throw new TokenizerException(
            ProximalStatus.Unsupported,
            path,
            "trainer_spec.model_type",
            $"models of type {file.ModelType} are not supported",
            "Supported: unigram (1), bpe (2)"),
    };

    // Pieces that no text may give by itself never win: their score is below every other.
    private static double[] Scores(SentencePieceFile file) =>
        [.. file.Pieces.Select(piece => piece.Kind == SentencePieceKind.Normal ? piece.Score : UnigramModel.Excluded)];

    /// <summary>
    /// Every division of a piece into two pieces is a merge; the better the piece's score, the earlier. Pieces with one score
    /// share a rank. Of one piece's divisions that with the longest first part comes first, as in tokenizer.json files of such models.
    /// </summary>
    public static List<MergeRule> FindMerges(IReadOnlyList<SentencePieceFile.Piece> pieces, Vocabulary vocabulary)
    {
        List<MergeRule> merges = new(pieces.Count * 2);
        int rank = -1;
        float previous = float.NaN;
        foreach ((SentencePieceFile.Piece piece, int id) in pieces.Select((piece, id) => (piece, id))
            .Where(item => item.piece.Kind == SentencePieceKind.Normal)
            .OrderByDescending(item => item.piece.Score))
        {
            rank += piece.Score == previous ? 0 : 1;
            previous = piece.Score;
            for (int cut = piece.Text.Length - 1; cut > 0; cut--)
            {
                int left = vocabulary.IdOf(piece.Text.AsSpan(0, cut));
                int right = vocabulary.IdOf(piece.Text.AsSpan(cut));
                if (left >= 0 && right >= 0)
                {
                    merges.Add(new MergeRule(left, right, rank, id));
                }
            }
        }

        return merges;
    }

    private static CharacterMap? ReadMap(SentencePieceFile file, string path)
    {
        try
        {
            return file.CharacterMap.Length > 0 ? CharacterMap.Read(file.CharacterMap) : null;
        }
        catch (InvalidDataException exception)
        {
            throw new TokenizerException(
                ProximalStatus.CorruptData, path, "normalizer_spec.precompiled_charsmap", exception.Message, "Fetch the file again");
        }
    }

    private static TemplatePostProcessor MakeFrame(SentencePieceFile file, bool? addBos, bool? addEos)
    {
        bool hasBos = Has(file, file.BosId);
        List<int[]?> parts = [null];
        if (hasBos && (addBos ?? true))
        {
            parts.Insert(0, [file.BosId]);
        }

        if (Has(file, file.EosId) && (addEos ?? !hasBos))
        {
            parts.Add([file.EosId]);
        }

        return new TemplatePostProcessor(parts);
    }

    private static bool Has(SentencePieceFile file, int id) =>
        id >= 0 && id < file.Pieces.Count && file.Pieces[id].Kind == SentencePieceKind.Control;

    private static DecoderSequence MakeDecoder(SentencePieceFile file)
    {
        List<ITokenDecoder> steps = [new ReplaceDecoder(new LiteralPattern(Space), " "), new ByteFallbackDecoder(), new FuseDecoder()];
        if (file.AddDummyPrefix)
        {
            steps.Add(file.SpaceAsSuffix ? new StripDecoder(" ", 0, 1) : new StripDecoder(" ", 1, 0));
        }

        return new DecoderSequence(steps);
    }
}
