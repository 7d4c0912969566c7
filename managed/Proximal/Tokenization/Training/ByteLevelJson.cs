using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Tokenization.Patterns;

namespace Proximal.Tokenization.Training;

/// <summary>Writes tokenizer.json and tokenizer_config.json of a byte-level tokenizer, as Hugging Face's libraries write them.</summary>
internal static class ByteLevelJson
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of tokenizer.json.</summary>
    public static string Tokenizer(TokenizerTrainerOptions options, ByteLevelVocabulary vocabulary) => new JsonObject
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. options.AllSpecialTokens.Select(token => Added(vocabulary.IdOf(token), token))]),
        ["normalizer"] = options is { Split: TokenizerSplit.Qwen2, SplitExpression: null } ? new JsonObject { ["type"] = "NFC" } : null,
        ["pre_tokenizer"] = PreTokenizer(options),
        ["post_processor"] = PostProcessor(options, vocabulary),
        ["decoder"] = ByteLevel(trimOffsets: true, useRegex: true, addPrefixSpace: true),
        ["model"] = Model(vocabulary),
    }.ToJsonString(Layout) + "\n";

    /// <summary>The text of tokenizer_config.json.</summary>
    public static string Configuration(TokenizerTrainerOptions options, ByteLevelVocabulary vocabulary)
    {
        var added = new JsonObject();
        foreach (string token in options.AllSpecialTokens)
        {
            JsonObject entry = Added(vocabulary.IdOf(token), token);
            string id = entry["id"]!.ToJsonString();
            entry.Remove("id");
            added[id] = entry;
        }

        var result = new JsonObject { ["added_tokens_decoder"] = added };
        foreach ((string role, string? token) in (ReadOnlySpan<(string, string?)>)
            [("bos_token", options.BosToken), ("eos_token", options.EosToken), ("pad_token", options.PadToken)])
        {
            if (token is not null)
            {
                result[role] = token;
            }
        }

        result["clean_up_tokenization_spaces"] = false;
        result["tokenizer_class"] = "PreTrainedTokenizerFast";
        return result.ToJsonString(Layout) + "\n";
    }

    private static JsonObject Added(int id, string content) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    private static JsonObject PreTokenizer(TokenizerTrainerOptions options)
    {
        if (options.SplitExpression is { } expression)
        {
            return Sequence("pretokenizers", Split(expression), ByteLevel(trimOffsets: true, useRegex: false));
        }

        return options.Split switch
        {
            TokenizerSplit.Gpt2 => ByteLevel(trimOffsets: true, useRegex: true),
            TokenizerSplit.SmolLm => Sequence(
                "pretokenizers",
                new JsonObject { ["type"] = "Digits", ["individual_digits"] = true },
                ByteLevel(trimOffsets: true, useRegex: true)),
            TokenizerSplit.Llama3 => Sequence("pretokenizers", Split(FamilyPatterns.Llama3Source), ByteLevel(trimOffsets: true, useRegex: false)),
            _ => Sequence("pretokenizers", Split(FamilyPatterns.Qwen2Source), ByteLevel(trimOffsets: true, useRegex: false)),
        };
    }

    private static JsonObject PostProcessor(TokenizerTrainerOptions options, ByteLevelVocabulary vocabulary)
    {
        JsonObject offsets = ByteLevel(trimOffsets: false, useRegex: true, addPrefixSpace: true);
        return options.AddBosToken ? Sequence("processors", offsets, Template(options.BosToken!, vocabulary)) : offsets;
    }

    private static JsonObject Template(string bos, ByteLevelVocabulary vocabulary) => new()
    {
        ["type"] = "TemplateProcessing",
        ["single"] = new JsonArray(Special(bos, 0), Text("A", 0)),
        ["pair"] = new JsonArray(Special(bos, 0), Text("A", 0), Special(bos, 1), Text("B", 1)),
        ["special_tokens"] = new JsonObject
        {
            [bos] = new JsonObject { ["id"] = bos, ["ids"] = new JsonArray(vocabulary.IdOf(bos)), ["tokens"] = new JsonArray(bos) },
        },
    };

    private static JsonObject Special(string token, int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = type } };

    private static JsonObject Text(string id, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = id, ["type_id"] = type } };

    private static JsonObject Sequence(string name, params JsonNode[] steps) => new() { ["type"] = "Sequence", [name] = new JsonArray(steps) };

    private static JsonObject Split(string expression) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = expression },
        ["behavior"] = "Isolated",
        ["invert"] = false,
    };

    private static JsonObject ByteLevel(bool trimOffsets, bool useRegex, bool addPrefixSpace = false) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = trimOffsets,
        ["use_regex"] = useRegex,
    };

    private static JsonObject Model(ByteLevelVocabulary vocabulary)
    {
        var ids = new JsonObject();
        for (int id = 0; id < vocabulary.Tokens.Count; id++)
        {
            ids[vocabulary.Tokens[id]] = id;
        }

        return new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["ignore_merges"] = false,
            ["vocab"] = ids,
            ["merges"] = new JsonArray([.. vocabulary.Merges.Select(merge => new JsonArray(vocabulary.Tokens[merge.Left], vocabulary.Tokens[merge.Right]))]),
        };
    }
}
