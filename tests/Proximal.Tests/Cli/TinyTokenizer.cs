using System.Text.Json.Nodes;

namespace Proximal.Tests.Cli;

/// <summary>A tokenizer.json of the SentencePiece kind without merges: unknown, start, end, the space and the letters a to y.</summary>
internal static class TinyTokenizer
{
    public const int Start = 1;
    public const int End = 2;
    public const int Space = 3;

    /// <summary>The id of a letter, a to y.</summary>
    public static int Letter(char letter) => letter - 'a' + 4;

    /// <summary>Writes tokenizer.json and generation_config.json into a folder.</summary>
    /// <returns>The folder.</returns>
    public static string Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), Json().ToJsonString());
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), $$"""{"bos_token_id": {{Start}}, "eos_token_id": [{{End}}]}""");
        return folder;
    }

    private static JsonObject Json()
    {
        var vocabulary = new JsonObject { ["<unk>"] = 0, ["<s>"] = Start, ["</s>"] = End, ["\u2581"] = Space };
        for (char letter = 'a'; letter <= 'y'; letter++)
        {
            vocabulary[letter.ToString()] = Letter(letter);
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray(Added(0, "<unk>"), Added(Start, "<s>"), Added(End, "</s>")),
            ["normalizer"] = JsonNode.Parse(
                """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},{"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]}"""),
            ["pre_tokenizer"] = null,
            ["post_processor"] = JsonNode.Parse(
                """
                {"type":"TemplateProcessing",
                 "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
                 "pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
                 "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}
                """),
            ["decoder"] = JsonNode.Parse(
                """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},"content":" "},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = "<unk>",
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = true,
                ["byte_fallback"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(),
            },
        };
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
}
