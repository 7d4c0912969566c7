using Proximal.Models.Formats;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Decoders;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.Patterns;
using Proximal.Tokenization.PostProcessors;

namespace Proximal.Tokenization.Loading;

/// <summary>Makes a tokenizer of the vocabulary inside a GGUF file.</summary>
/// <remarks>
/// "gpt2": byte-level BPE; tokenizer.ggml.pre names how text is split before. "llama": SentencePiece's BPE by scores, a space
/// before each stretch of text, unknown characters as bytes. Control tokens are special added tokens, user-defined ones
/// added tokens. Behaviour is that of the tokenizer.json of the same model.
/// </remarks>
internal static class GgufTokenizer
{
    private const string Prefix = "tokenizer.ggml.";
    private const string Space = "\u2581";

    /// <summary>Reads the vocabulary of a file.</summary>
    public static Tokenizer Load(string path)
    {
        GgufHeader header = ReadHeader(path);
        string[] tokens = header.List<string>(Prefix + "tokens")
            ?? throw Wrong(header, "tokens", ProximalStatus.CorruptData, "the file has no vocabulary", "Give the model's tokenizer.json");
        SentencePieceKind[] kinds = ReadKinds(header, tokens.Length);
        string model = header.Text(Prefix + "model") ?? string.Empty;
        TokenizerParts parts = model switch
        {
            "gpt2" => ReadByteLevel(header, tokens, kinds),
            "llama" => ReadSentencePiece(header, tokens, kinds),
            _ => throw Wrong(header, "model", ProximalStatus.Unsupported, $"\"{model}\" is not supported", "Supported: gpt2, llama; or give the model's tokenizer.json"),
        };
        return new Tokenizer(parts, SpecialTokens.OfIds(Role(header, tokens, "bos"), Role(header, tokens, "eos"), Role(header, tokens, "padding")));
    }

    /// <summary>Reads a file's header; failures are the tokenizer's.</summary>
    public static GgufHeader ReadHeader(string path)
    {
        try
        {
            return GgufHeader.Read(path);
        }
        catch (InvalidDataException exception)
        {
            throw new TokenizerException(ProximalStatus.CorruptData, path, "", $"no GGUF file: {exception.Message}", "Fetch the file again");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException(ProximalStatus.Io, path, "", $"cannot be read: {exception.Message}", "Check path and permissions");
        }
    }

    // --- byte-level BPE ---

    private static TokenizerParts ReadByteLevel(GgufHeader header, string[] tokens, SentencePieceKind[] kinds)
    {
        Vocabulary vocabulary = ReadVocabulary(header, tokens, kinds);
        GgufPreTokenizer split = GgufPreTokenizer.Of(header.Text(Prefix + "pre") ?? "default")
            ?? throw Wrong(
                header, "pre", ProximalStatus.Unsupported, $"\"{header.Text(Prefix + "pre")}\" is not supported", $"Supported: {GgufPreTokenizer.Names}; or give the model's tokenizer.json");
        return new TokenizerParts
        {
            Model = new BytePairEncoding(vocabulary, ReadMerges(header, vocabulary), new BytePairOptions { IgnoreMerges = split.IgnoreMerges }),
            Normalizer = split.Normalizer,
            PreTokenizer = split.Steps,
            PostProcessor = Frame(header, tokens, split.AddsBos),
            Decoder = new ByteLevelDecoder(),
            AddedTokens = FindAddedTokens(tokens, kinds),
        };
    }

    private static MergeTable ReadMerges(GgufHeader header, Vocabulary vocabulary)
    {
        string[] lines = header.List<string>(Prefix + "merges")
            ?? throw Wrong(header, "merges", ProximalStatus.CorruptData, "the list of merges is missing", "Convert the model again");
        MergeTable merges = new(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            // The first token may begin with a space of its own in old files; the one between comes after at least one character.
            int cut = lines[i].Length > 1 ? lines[i].IndexOf(' ', 1) : -1;
            string? problem = cut > 0
                ? ModelReader.AddMerge(merges, vocabulary, lines[i][..cut], lines[i][(cut + 1)..], prefix: "", i)
                : "expected two tokens with one space between them";
            if (problem is not null)
            {
                throw Wrong(header, $"merges[{i}]", ProximalStatus.CorruptData, problem, "Convert the model again");
            }
        }

        return merges;
    }

    // --- SentencePiece ---

    private static TokenizerParts ReadSentencePiece(GgufHeader header, string[] tokens, SentencePieceKind[] kinds)
    {
        double[] scores = header.List<double>(Prefix + "scores") is { } given && given.Length == tokens.Length && Array.TrueForAll(given, double.IsFinite)
            ? given
            : throw Wrong(header, "scores", ProximalStatus.CorruptData, $"expected a finite score for each of {tokens.Length} tokens", "Convert the model again");
        Vocabulary vocabulary = ReadVocabulary(header, tokens, kinds);
        SentencePieceFile.Piece[] pieces =
            [.. tokens.Select((text, id) => new SentencePieceFile.Piece(text, (float)scores[id], kinds[id]))];
        bool prefix = header.Flag(Prefix + "add_space_prefix") ?? true;
        INormalizer spaces = new ReplaceNormalizer(new LiteralPattern(" "), Space);
        List<ITokenDecoder> decoder = [new ReplaceDecoder(new LiteralPattern(Space), " "), new ByteFallbackDecoder(), new FuseDecoder()];
        if (prefix)
        {
            decoder.Add(new StripDecoder(" ", 1, 0));
        }

        return new TokenizerParts
        {
            Model = new BytePairEncoding(vocabulary, SentencePieceTokenizer.MakeMerges(pieces, vocabulary), new BytePairOptions
            {
                UnknownId = Array.IndexOf(kinds, SentencePieceKind.Unknown),
                FuseUnknown = true,
                ByteFallback = true,
            }),
            Normalizer = prefix ? new NormalizerSequence([new PrependNormalizer(Space), spaces]) : spaces,
            PostProcessor = Frame(header, tokens, addsBos: true),
            Decoder = new DecoderSequence(decoder),
            AddedTokens = FindAddedTokens(tokens, kinds),
        };
    }

    // --- what both have ---

    private static SentencePieceKind[] ReadKinds(GgufHeader header, int count)
    {
        long[]? kinds = header.List<long>(Prefix + "token_type");
        if (kinds is null)
        {
            return [.. Enumerable.Repeat(SentencePieceKind.Normal, count)];
        }

        return kinds.Length == count
            ? Array.ConvertAll(kinds, kind => (SentencePieceKind)kind)
            : throw Wrong(header, "token_type", ProximalStatus.CorruptData, $"{kinds.Length} types for {count} tokens", "Convert the model again");
    }

    /// <summary>Tokens that are not in use (a model's padding of its vocabulary) are left out.</summary>
    private static Vocabulary ReadVocabulary(GgufHeader header, string[] tokens, SentencePieceKind[] kinds)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        for (int id = 0; id < tokens.Length; id++)
        {
            if (kinds[id] == SentencePieceKind.Unused)
            {
                continue;
            }

            if (tokens[id].Length is 0 or > Vocabulary.LongestToken || id > Vocabulary.MaximumId || !ids.TryAdd(tokens[id], id))
            {
                throw Wrong(
                    header, $"tokens[{id}]", ProximalStatus.CorruptData, $"\"{Vocabulary.Shorten(tokens[id])}\" is empty, too long, one too many or a repetition", "Convert the model again");
            }
        }

        return new Vocabulary(ids);
    }

    private static AddedToken[] FindAddedTokens(string[] tokens, SentencePieceKind[] kinds) =>
    [
        .. tokens.Select((text, id) => (text, id))
            .Where(item => kinds[item.id] is SentencePieceKind.Unknown or SentencePieceKind.Control or SentencePieceKind.UserDefined
                && item.text.Length <= AddedToken.LongestContent)
            .Select(item => new AddedToken { Id = item.id, Content = item.text, IsSpecial = kinds[item.id] != SentencePieceKind.UserDefined }),
    ];

    private static TemplatePostProcessor Frame(GgufHeader header, string[] tokens, bool addsBos)
    {
        List<int[]?> parts = [null];
        if ((header.Flag(Prefix + "add_bos_token") ?? addsBos) && Role(header, tokens, "bos") is { } bos)
        {
            parts.Insert(0, [bos]);
        }

        if ((header.Flag(Prefix + "add_eos_token") ?? false) && Role(header, tokens, "eos") is { } eos)
        {
            parts.Add([eos]);
        }

        return new TemplatePostProcessor(parts);
    }

    /// <summary>The id of a role, where the file gives it one of the vocabulary.</summary>
    private static int? Role(GgufHeader header, string[] tokens, string role)
    {
        string key = $"{role}_token_id";
        return header.Integer(Prefix + key) switch
        {
            null => null,
            >= 0 and var id when id < tokens.Length => (int)id,
            var id => throw Wrong(header, key, ProximalStatus.CorruptData, $"{id} is no id of {tokens.Length} tokens", "Convert the model again"),
        };
    }

    private static TokenizerException Wrong(GgufHeader header, string key, ProximalStatus status, string problem, string fix) =>
        new(status, header.File, Prefix + key, problem, fix);
}
