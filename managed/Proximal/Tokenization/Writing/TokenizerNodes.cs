using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Writing;

/// <summary>The parts of tokenizer.json and tokenizer_config.json, as Hugging Face's libraries write them.</summary>
internal static class TokenizerNodes
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A file's text.</summary>
    public static string Text(JsonObject root) => root.ToJsonString(Layout) + "\n";

    /// <summary>The whole of tokenizer.json.</summary>
    public static JsonObject Tokenizer(
        IEnumerable<AddedToken> added, JsonObject? normalizer, JsonObject? preTokenizer, JsonObject? postProcessor, JsonObject decoder, JsonObject model) => new()
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. added.Select(token => Added(token, withId: true))]),
            ["normalizer"] = normalizer,
            ["pre_tokenizer"] = preTokenizer,
            ["post_processor"] = postProcessor,
            ["decoder"] = decoder,
            ["model"] = model,
        };

    /// <summary>The whole of tokenizer_config.json.</summary>
    /// <param name="added">The added tokens.</param>
    /// <param name="roles">Names such as bos_token, with the token of each.</param>
    /// <param name="chatTemplates">The chat template, or several; <see langword="null"/>: none.</param>
    public static JsonObject Configuration(IEnumerable<AddedToken> added, IEnumerable<(string Name, string Token)> roles, JsonNode? chatTemplates = null)
    {
        var tokens = new JsonObject();
        foreach (AddedToken token in added)
        {
            tokens[token.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)] = Added(token, withId: false);
        }

        var result = new JsonObject { ["added_tokens_decoder"] = tokens };
        foreach ((string name, string token) in roles)
        {
            result[name] = token;
        }

        if (chatTemplates is not null)
        {
            result["chat_template"] = chatTemplates;
        }

        result["clean_up_tokenization_spaces"] = false;
        result["tokenizer_class"] = "PreTrainedTokenizerFast";
        return result;
    }

    /// <summary>A model of byte pairs.</summary>
    /// <param name="tokens">Tokens and ids, in the order of the ids.</param>
    /// <param name="merges">The merges, the first to apply first.</param>
    /// <param name="options">How it treats what the vocabulary lacks.</param>
    /// <param name="unknown">The token for unknown characters; <see langword="null"/>: none.</param>
    public static JsonObject BytePair(
        IEnumerable<(string Token, int Id)> tokens, IEnumerable<(string Left, string Right)> merges, BytePairOptions options, string? unknown)
    {
        var ids = new JsonObject();
        foreach ((string token, int id) in tokens)
        {
            ids[token] = id;
        }

        return new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = unknown,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = options.FuseUnknown,
            ["byte_fallback"] = options.ByteFallback,
            ["ignore_merges"] = options.IgnoreMerges,
            ["vocab"] = ids,
            ["merges"] = new JsonArray([.. merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
        };
    }

    /// <summary>Puts tokens around a text.</summary>
    /// <param name="before">The token before it; <see langword="null"/>: none.</param>
    /// <param name="after">The token after it; <see langword="null"/>: none.</param>
    public static JsonObject Template((string Token, int Id)? before, (string Token, int Id)? after)
    {
        var special = new JsonObject();
        foreach ((string token, int id) in new[] { before, after }.OfType<(string, int)>())
        {
            special[token] = new JsonObject { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) };
        }

        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. Framed("A", 0)]),
            ["pair"] = new JsonArray([.. Framed("A", 0), .. Framed("B", 1)]),
            ["special_tokens"] = special,
        };

        IEnumerable<JsonNode> Framed(string text, int type) =>
            new[] { Special(before?.Token, type), Sequence(text, type), Special(after?.Token, type) }.OfType<JsonNode>();
    }

    /// <summary>Steps one after the other.</summary>
    /// <param name="name">What the list of them is called.</param>
    /// <param name="steps">The steps.</param>
    public static JsonObject Steps(string name, params IEnumerable<JsonNode> steps) => new() { ["type"] = "Sequence", [name] = new JsonArray([.. steps]) };

    /// <summary>Divides a text at what an expression matches.</summary>
    public static JsonObject Split(string expression) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = expression },
        ["behavior"] = "Isolated",
        ["invert"] = false,
    };

    /// <summary>Every digit by itself.</summary>
    public static JsonObject Digits() => new() { ["type"] = "Digits", ["individual_digits"] = true };

    /// <summary>Bytes as characters.</summary>
    public static JsonObject ByteLevel(bool trimOffsets, bool useRegex, bool addPrefixSpace = false) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = trimOffsets,
        ["use_regex"] = useRegex,
    };

    /// <summary>The decoder of bytes as characters, as the libraries write it.</summary>
    public static JsonObject ByteLevelDecoder() => ByteLevel(trimOffsets: true, useRegex: true, addPrefixSpace: true);

    /// <summary>One text in place of another.</summary>
    public static JsonObject Replace(string text, string content) => new()
    {
        ["type"] = "Replace",
        ["pattern"] = new JsonObject { ["String"] = text },
        ["content"] = content,
    };

    /// <summary>Unicode's canonical composition.</summary>
    public static JsonObject Nfc() => Plain("NFC");

    /// <summary>A step without settings.</summary>
    public static JsonObject Plain(string type) => new() { ["type"] = type };

    private static JsonObject Added(AddedToken token, bool withId)
    {
        JsonObject entry = withId ? new() { ["id"] = token.Id } : [];
        entry["content"] = token.Content;
        entry["single_word"] = token.SingleWord;
        entry["lstrip"] = token.StripLeft;
        entry["rstrip"] = token.StripRight;
        entry["normalized"] = token.Normalized;
        entry["special"] = token.IsSpecial;
        return entry;
    }

    private static JsonObject? Special(string? token, int type) =>
        token is null ? null : new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = type } };

    private static JsonObject Sequence(string id, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = id, ["type_id"] = type } };
}
