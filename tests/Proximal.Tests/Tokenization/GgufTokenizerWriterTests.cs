using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Models.Formats;
using Proximal.Tests.Interop;
using Proximal.Tests.Models;
using Proximal.Tokenization;
using Proximal.Tokenization.Writing;

namespace Proximal.Tests.Tokenization;

/// <summary>Tokenizers written as metadata of GGUF files: what is read from the file gives the same ids as what was written.</summary>
public sealed class GgufTokenizerWriterTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("tokenizers/bytelevel-gpt2", "gpt2", "gpt-2")]
    [TestCase("tokenizers/bytelevel-llama3", "gpt2", "llama-bpe")]
    [TestCase("tokenizers/bytelevel-qwen2", "gpt2", "qwen2")]
    [TestCase("tokenizers/bytelevel-smollm", "gpt2", "smollm")]
    [TestCase("gguf/llama-spm-q8_0.hf", "llama", "default")]
    public void Golden_tokenizers_give_the_same_ids(string name, string model, string pre)
    {
        string folder = Copy(Tool.InRepository(["tests", "golden", .. name.Split('/')]));
        Tokenizer expected = Tokenizer.Load(folder);
        GgufHeader header = Write(folder, expected.VocabularySize + 3);
        Assert.Multiple(() =>
        {
            Assert.That(header.Text("tokenizer.ggml.model"), Is.EqualTo(model));
            Assert.That(header.Text("tokenizer.ggml.pre"), Is.EqualTo(pre));
            Assert.That(header.List<long>("tokenizer.ggml.token_type")![^3..], Is.All.EqualTo(5));
            AssertSame(Tokenizer.Load(header.File), expected, Texts());
        });
    }

    [Test]
    public void Vocab_and_merges_of_gpt2_give_the_same_ids()
    {
        string folder = SharedData.Path("gpt2-tokenizer");
        string copy = _folder["copy"];
        Directory.CreateDirectory(copy);
        foreach (string name in (string[])["vocab.json", "merges.txt"])
        {
            File.Copy(Path.Combine(folder, name), Path.Combine(copy, name));
        }

        File.WriteAllText(Path.Combine(copy, "tokenizer_config.json"), """{"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}""");
        AssertSame(Tokenizer.Load(Write(copy, 50257).File), Tokenizer.Load(copy), Texts());
    }

    [TestCase("smollm2-135m-instruct")]
    [TestCase("stories260K/hf")]
    public void Real_tokenizers_give_the_same_ids(string name)
    {
        string folder = SharedData.Path(name.Split('/'));
        Tokenizer expected = Tokenizer.Load(folder);
        AssertSame(Tokenizer.Load(Write(folder, expected.VocabularySize).File), expected, [.. Texts().Where(text => !text.Contains('\u2581', StringComparison.Ordinal))]);
    }

    [Test]
    public void A_gguf_file_gives_its_own_keys_on()
    {
        string original = Tool.InRepository("tests", "golden", "gguf", "llama-spm-q8_0.gguf");
        GgufHeader expected = GgufHeader.Read(original);
        GgufHeader written = Write(original, expected.List<string>("tokenizer.ggml.tokens")!.Length);
        Assert.Multiple(() =>
        {
            foreach ((string key, object value) in expected.Metadata.Where(pair => pair.Key.StartsWith("tokenizer.", StringComparison.Ordinal)))
            {
                Assert.That(written.Metadata.GetValueOrDefault(key), Is.EqualTo(value), key);
            }
        });
    }

    [Test]
    public void Role_tokens_and_those_written_like_one_are_control_tokens()
    {
        string folder = Change(root =>
        {
            var added = (JsonArray)root["added_tokens"]!;
            int next = root["model"]!["vocab"]!.AsObject().Count + added.Count;
            added.Add(Added(next, "<|user|>"));
            added.Add(Added(next + 1, "plain word"));
        });
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "{{ messages[0]['content'] }}");
        Tokenizer tokenizer = Tokenizer.Load(folder);
        GgufHeader header = Write(folder, tokenizer.VocabularySize);
        long[] kinds = header.List<long>("tokenizer.ggml.token_type")!;
        Assert.Multiple(() =>
        {
            Assert.That(kinds[tokenizer.TokenToId("<|user|>")!.Value], Is.EqualTo(3));
            Assert.That(kinds[tokenizer.EosTokenId!.Value], Is.EqualTo(3));
            Assert.That(kinds[tokenizer.TokenToId("plain word")!.Value], Is.EqualTo(4));
            Assert.That(header.Text("tokenizer.chat_template"), Does.Contain("messages[0]"));
            Assert.That(header.Integer("tokenizer.ggml.eos_token_id"), Is.EqualTo(tokenizer.EosTokenId));
        });
    }

    [TestCase("tokenizers/bytelevel-llama3-nomerge", "no name for the way it divides text")]
    [TestCase("tokenizers/bytelevel-prefix", "single_word, lstrip or rstrip|no name for the way|begin token before")]
    [TestCase("tokenizers/added-tokens", "no name for the way it divides text|lstrip")]
    [TestCase("tokenizers/spm-bpe-gemma", "divides text nowhere")]
    [TestCase("tokenizers/unigram", "this is Unigram")]
    [TestCase("tokenizers/wordpiece", "this is WordPiece|begin token before")]
    public void What_llama_cpp_cannot_do_is_refused_by_name(string name, string message)
    {
        string folder = Copy(Tool.InRepository(["tests", "golden", .. name.Split('/')]));
        TokenizerException refusal = Assert.Throws<TokenizerException>(() => Write(folder, 100_000))!;
        Assert.Multiple(() =>
        {
            Assert.That(refusal.Status, Is.EqualTo(ProximalStatus.Unsupported));
            Assert.That(refusal.Message, Does.Contain(folder));
            Assert.That(message.Split('|').Any(text => refusal.Message.Contains(text, StringComparison.Ordinal)), refusal.Message);
        });
    }

    [Test]
    public void A_list_of_merges_that_no_scores_give_is_refused()
    {
        string folder = Copy(Tool.InRepository("tests", "golden", "gguf", "llama-spm-q8_0.hf"));
        string file = Path.Combine(folder, "tokenizer.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(file))!;
        var merges = (JsonArray)root["model"]!["merges"]!;
        JsonNode first = merges[0]!;
        merges.RemoveAt(0);
        merges.RemoveAt(merges.Count - 1);
        merges.Add(first);
        File.WriteAllText(file, root.ToJsonString());
        Assert.That(() => Write(folder, 100_000), Throws.TypeOf<TokenizerException>().With.Message.Contains("no scores give this list's order"));
    }

    [Test]
    public void A_tokenizer_without_an_end_is_refused()
    {
        string folder = Change(_ => { });
        File.Delete(Path.Combine(folder, "tokenizer_config.json"));
        Assert.That(() => Write(folder, 100_000), Throws.TypeOf<TokenizerException>().With.Message.Contains("eos_token"));
    }

    [Test]
    public void More_tokens_than_the_model_has_are_refused() =>
        Assert.That(() => Write(Change(_ => { }), 10), Throws.TypeOf<TokenizerException>().With.Message.Contains("the model only 10"));

    private static JsonObject Added(int id, string content) => new()
    {
        ["id"] = id, ["content"] = content, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = false,
    };

    private static void AssertSame(Tokenizer actual, Tokenizer expected, string[] texts)
    {
        foreach (string text in texts)
        {
            Assert.That(actual.Encode(text), Is.EqualTo(expected.Encode(text)), $"'{text}'");
            Assert.That(actual.Encode(text, addSpecialTokens: false), Is.EqualTo(expected.Encode(text, addSpecialTokens: false)), $"'{text}'");
        }
    }

    private static string[] Texts()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Tool.InRepository("tests", "golden", "tokenizers", "bytelevel-smollm", "golden.json")));
        return [.. golden.RootElement.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("text").GetString()!)];
    }

    /// <summary>A copy that names an end token, where the original names none.</summary>
    private string Copy(string original)
    {
        string copy = _folder["copy"];
        Directory.CreateDirectory(copy);
        File.Copy(Path.Combine(original, "tokenizer.json"), Path.Combine(copy, "tokenizer.json"), overwrite: true);
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(original, "tokenizer_config.json")))!.AsObject();
        if (config["eos_token"] is null)
        {
            JsonNode root = JsonNode.Parse(File.ReadAllText(Path.Combine(original, "tokenizer.json")))!;
            config["eos_token"] = root["added_tokens"]!.AsArray().FirstOrDefault()?["content"]!.GetValue<string>() ?? "a";
        }

        File.WriteAllText(Path.Combine(copy, "tokenizer_config.json"), config.ToJsonString());
        return copy;
    }

    private string Change(Action<JsonNode> change)
    {
        string folder = Copy(Tool.InRepository("tests", "golden", "tokenizers", "bytelevel-smollm"));
        string file = Path.Combine(folder, "tokenizer.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(file))!;
        change(root);
        File.WriteAllText(file, root.ToJsonString());
        return folder;
    }

    private GgufHeader Write(string tokenizer, int count)
    {
        var metadata = new GgufKeyValues();
        GgufTokenizerWriter.Write(tokenizer, count, metadata);
        string path = _folder["written.gguf"];
        using (var file = new BinaryWriter(File.Create(path)))
        {
            file.Write("GGUF"u8);
            file.Write(3u);
            file.Write(0UL);
            file.Write((ulong)metadata.Count);
            file.Write(metadata.Bytes);
        }

        return GgufHeader.Read(path);
    }
}
