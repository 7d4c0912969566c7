using System.Text.Json.Nodes;
using Proximal.Models.Formats;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.Writing;

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

    /// <summary>Makes the tokenizer of a file.</summary>
    public static Tokenizer Load(string path) => Read(ReadHeader(path)).Make();

    /// <summary>Reads the vocabulary of a file.</summary>
    public static TokenizerOutline Read(GgufHeader header)
    {
        string[] tokens = header.List<string>(Prefix + "tokens")
            ?? throw Wrong(header, "tokens", ProximalStatus.CorruptData, "the file has no vocabulary", "Give the model's tokenizer.json");
        SentencePieceKind[] kinds = ReadKinds(header, tokens.Length);
        string model = header.Text(Prefix + "model") ?? string.Empty;
        TokenizerOutline outline = model switch
        {
            "gpt2" => ReadByteLevel(header, tokens, kinds),
            "llama" => ReadSentencePiece(header, tokens, kinds),
            _ => throw Wrong(header, "model", ProximalStatus.Unsupported, $"\"{model}\" is not supported", "Supported: gpt2, llama; or give the model's tokenizer.json"),
        };
        TokenizerOutline whole = outline with { AddedTokens = FindAddedTokens(tokens, kinds), Roles = FindRoles(header, tokens) };
        return whole with { FindObstacle = () => outline.FindObstacle() ?? UnusedRole(header, whole) };
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

    private static TokenizerOutline ReadByteLevel(GgufHeader header, string[] tokens, SentencePieceKind[] kinds)
    {
        Vocabulary vocabulary = ReadVocabulary(header, tokens, kinds);
        GgufPreTokenizer split = GgufPreTokenizer.Of(header.Text(Prefix + "pre") ?? "default")
            ?? throw Wrong(
                header, "pre", ProximalStatus.Unsupported, $"\"{header.Text(Prefix + "pre")}\" is not supported", $"Supported: {GgufPreTokenizer.Names}; or give the model's tokenizer.json");
        (MergeTable merges, List<(string, string)> list) = ReadMerges(header, vocabulary);
        return new TokenizerOutline
        {
            File = header.File,
            Vocabulary = vocabulary,
            Merges = merges,
            MergeList = list,
            Options = new BytePairOptions { IgnoreMerges = split.IgnoreMerges },
            Normalizer = split.Normalizer,
            PreTokenizer = split.Steps,
            Decoder = TokenizerNodes.ByteLevelDecoder(),
            Before = Begin(header, tokens, split.AddsBos),
            After = End(header, tokens),
        };
    }

    private static (MergeTable Table, List<(string Left, string Right)> List) ReadMerges(GgufHeader header, Vocabulary vocabulary)
    {
        string[] lines = header.List<string>(Prefix + "merges")
            ?? throw Wrong(header, "merges", ProximalStatus.CorruptData, "the list of merges is missing", "Convert the model again");
        MergeTable merges = new(lines.Length);
        List<(string Left, string Right)> list = new(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            // The first token may begin with a space of its own in old files; the one between comes after at least one character.
            int cut = lines[i].Length > 1 ? lines[i].IndexOf(' ', 1) : -1;
            list.Add(cut > 0 ? (lines[i][..cut], lines[i][(cut + 1)..]) : (lines[i], string.Empty));
            string? problem = cut > 0
                ? ModelReader.AddMerge(merges, vocabulary, list[i].Left, list[i].Right, prefix: "", i)
                : "expected two tokens with one space between them";
            if (problem is not null)
            {
                throw Wrong(header, $"merges[{i}]", ProximalStatus.CorruptData, problem, "Convert the model again");
            }
        }

        return (merges, list);
    }

    // --- SentencePiece ---

    private static TokenizerOutline ReadSentencePiece(GgufHeader header, string[] tokens, SentencePieceKind[] kinds)
    {
        double[] scores = header.List<double>(Prefix + "scores") is { } given && given.Length == tokens.Length && Array.TrueForAll(given, double.IsFinite)
            ? given
            : throw Wrong(header, "scores", ProximalStatus.CorruptData, $"expected a finite score for each of {tokens.Length} tokens", "Convert the model again");
        Vocabulary vocabulary = ReadVocabulary(header, tokens, kinds);
        SentencePieceFile.Piece[] pieces =
            [.. tokens.Select((text, id) => new SentencePieceFile.Piece(text, (float)scores[id], kinds[id]))];
        List<MergeRule> merges = SentencePieceTokenizer.FindMerges(pieces, vocabulary);
        bool prefix = header.Flag(Prefix + "add_space_prefix") ?? true;
        JsonObject spaces = TokenizerNodes.Replace(" ", Space);
        return new TokenizerOutline
        {
            File = header.File,
            Vocabulary = vocabulary,
            Merges = MergeTable.Of(merges),
            MergeList = [.. merges.Select(merge => (tokens[merge.Left], tokens[merge.Right]))],
            Options = new BytePairOptions
            {
                UnknownId = Array.IndexOf(kinds, SentencePieceKind.Unknown),
                FuseUnknown = true,
                ByteFallback = true,
            },
            Normalizer = prefix ? TokenizerNodes.Steps("normalizers", new JsonObject { ["type"] = "Prepend", ["prepend"] = Space }, spaces) : spaces,
            Decoder = SentencePieceDecoder(prefix),
            Before = Begin(header, tokens, missing: true),
            After = End(header, tokens),
            FindObstacle = () => Unlisted(header, tokens, merges, vocabulary),
        };
    }

    private static JsonObject SentencePieceDecoder(bool prefix)
    {
        List<JsonNode> steps = [TokenizerNodes.Replace(Space, " "), TokenizerNodes.Plain("ByteFallback"), TokenizerNodes.Plain("Fuse")];
        if (prefix)
        {
            steps.Add(new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 });
        }

        return TokenizerNodes.Steps("decoders", steps);
    }

    private static TokenizerException? Unlisted(GgufHeader header, string[] tokens, List<MergeRule> merges, Vocabulary vocabulary) =>
        EqualScores.Find(merges, tokens, vocabulary) is { } pair
            ? NotWritable(
                header,
                "scores",
                $"\"{Vocabulary.Shorten(tokens[pair.First])}\" and \"{Vocabulary.Shorten(tokens[pair.Second])}\" are merged in an order that a list of merges does not give, "
                + "for pieces have the same score")
            : null;

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

    private static int? Begin(GgufHeader header, string[] tokens, bool missing) =>
        header.Flag(Prefix + "add_bos_token") ?? missing ? Role(header, tokens, "bos") : null;

    private static int? End(GgufHeader header, string[] tokens) =>
        header.Flag(Prefix + "add_eos_token") ?? false ? Role(header, tokens, "eos") : null;

    private static Dictionary<string, int> FindRoles(GgufHeader header, string[] tokens)
    {
        Dictionary<string, int> roles = [];
        foreach ((string name, string key) in ((string, string)[])[("bos_token", "bos"), ("eos_token", "eos"), ("pad_token", "padding")])
        {
            if (Role(header, tokens, key) is { } id)
            {
                roles[name] = id;
            }
        }

        // Of use to templates alone: an id that means nothing is no reason to refuse the file.
        foreach ((string name, string key) in ((string, string)[])[("unk_token", "unknown"), ("sep_token", "seperator")])
        {
            if (header.Integer($"{Prefix}{key}_token_id") is >= 0 and var id && id < tokens.Length)
            {
                roles[name] = (int)id;
            }
        }

        return roles;
    }

    /// <summary>tokenizer_config.json names tokens by their texts, and a token that is not in use has none.</summary>
    private static TokenizerException? UnusedRole(GgufHeader header, TokenizerOutline outline) => outline.Roles
        .Where(role => outline.Vocabulary.TokenOf(role.Value) is null)
        .Select(role => NotWritable(header, "token_type", $"{role.Key} is token {role.Value}, which is marked as not in use"))
        .FirstOrDefault();

    private static TokenizerException NotWritable(GgufHeader header, string key, string problem) => Wrong(
        header,
        key,
        ProximalStatus.Unsupported,
        $"{problem}: a tokenizer.json for the models of a run cannot be made of this vocabulary",
        "Name the folder of the model's tokenizer.json with the key tokenizer");

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
