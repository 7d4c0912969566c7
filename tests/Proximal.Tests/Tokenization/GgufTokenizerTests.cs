using System.Text.Json;
using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Tests.Golden;
using Proximal.Tests.Models;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

/// <summary>Byte-level vocabularies of GGUF files, written from the golden tokenizer.json files, against the golden values of those.</summary>
public sealed class GgufTokenizerTests
{
    private const string Prefix = "tokenizer.ggml.";

    [TestCase("bytelevel-gpt2", "gpt-2")]
    [TestCase("bytelevel-smollm", "smollm")]
    [TestCase("bytelevel-qwen2", "qwen2")]
    [TestCase("bytelevel-llama3", "llama-bpe")]
    public void A_vocabulary_in_a_file_cuts_texts_as_its_twin_does(string name, string split)
    {
        GoldenRoots.Demand(GoldenKind.Tokenizer);
        GoldenFile file = GoldenRoots.Of(GoldenKind.Tokenizer).Single(candidate => Path.GetFileName(candidate.Folder) == name);
        using var folder = new TemporaryFolder();
        Tokenizer tokenizer = Tokenizer.Load(Metadata(file.Folder, split).Write(folder["model.gguf"]));
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(file.Path));
        int cases = 0;
        foreach (JsonElement item in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            int[] ids = Ints(item.GetProperty("ids"));
            Assert.That(tokenizer.Encode(text, addSpecialTokens: false), Is.EqualTo(ids), text);
            Assert.That(tokenizer.Encode(text), Is.EqualTo(Ints(item.GetProperty("ids_with_special"))), text);
            Assert.That(tokenizer.Decode(ids, skipSpecialTokens: false), Is.EqualTo(item.GetProperty("decode").GetString()));
            Assert.That(tokenizer.Decode(ids), Is.EqualTo(item.GetProperty("decode_skip").GetString()));
            cases++;
        }

        TestContext.Progress.WriteLine($"golden tokenizer {name} as GGUF ({split}): {cases} texts");
        Assert.That(cases, Is.GreaterThan(20));
    }

    [Test]
    public void A_split_that_is_not_known_is_refused_by_name_and_none_is_the_default_one()
    {
        GoldenRoots.Demand(GoldenKind.Tokenizer);
        string source = GoldenRoots.Of(GoldenKind.Tokenizer).Single(file => Path.GetFileName(file.Folder) == "bytelevel-gpt2").Folder;
        using var folder = new TemporaryFolder();
        string unknown = Metadata(source, "tekken").Write(folder["unknown.gguf"]);
        Assert.Multiple(() =>
        {
            Assert.That(() => Tokenizer.Load(unknown), Throws.TypeOf<TokenizerException>().With.Message.Contains("\"tekken\" is not supported").And.Message.Contains("llama-bpe"));
            Assert.That(Tokenizer.Load(Metadata(source, null).Write(folder["none.gguf"])).Encode("a1"), Is.Not.Empty);
        });
    }

    [Test]
    public void The_template_and_the_special_tokens_come_from_the_file()
    {
        GoldenRoots.Demand(GoldenKind.Tokenizer);
        string source = GoldenRoots.Of(GoldenKind.Tokenizer).Single(file => Path.GetFileName(file.Folder) == "bytelevel-smollm").Folder;
        using var folder = new TemporaryFolder();
        string path = Metadata(source, "smollm").Add("tokenizer.chat_template", "{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}").Write(folder["model.gguf"]);
        var chat = new ChatEncoder(ModelChatTemplate.Find(path)!, Tokenizer.Load(path));
        int[] ids = chat.Encode(new ChatRequest { Messages = JsonElement.Parse("""[{"role":"user","content":"a"}]""") });
        Assert.That(ids[^1], Is.EqualTo(Tokenizer.Load(path).EosTokenId));
    }

    /// <summary>A tokenizer.json of byte-level BPE as a converter writes it.</summary>
    internal static GgufMetadata Metadata(string folder, string? split)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")));
        JsonElement model = json.RootElement.GetProperty("model");
        var texts = model.GetProperty("vocab").EnumerateObject().ToDictionary(token => token.Value.GetInt32(), token => token.Name);
        var kinds = texts.Keys.ToDictionary(id => id, _ => 1);
        foreach (JsonElement added in json.RootElement.GetProperty("added_tokens").EnumerateArray())
        {
            int id = added.GetProperty("id").GetInt32();
            texts[id] = added.GetProperty("content").GetString()!;
            kinds[id] = added.GetProperty("special").GetBoolean() ? 3 : 4;
        }

        int[] all = [.. Enumerable.Range(0, texts.Keys.Max() + 1)];
        GgufMetadata metadata = new GgufMetadata()
            .Add("general.architecture", "llama")
            .Add(Prefix + "model", "gpt2")
            .Add(Prefix + "tokens", [.. all.Select(id => texts.GetValueOrDefault(id, $"[PAD{id}]"))])
            .Add(Prefix + "token_type", [.. all.Select(id => kinds.GetValueOrDefault(id, 5))])
            .Add(Prefix + "merges", [.. model.GetProperty("merges").EnumerateArray().Select(pair => $"{pair[0].GetString()} {pair[1].GetString()}")]);
        Tokenizer twin = Tokenizer.Load(folder);
        metadata = twin.BosTokenId is { } bos ? metadata.Add(Prefix + "bos_token_id", (uint)bos) : metadata;
        metadata = twin.EosTokenId is { } eos ? metadata.Add(Prefix + "eos_token_id", (uint)eos) : metadata;
        return split is null ? metadata : metadata.Add(Prefix + "pre", split);
    }

    private static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];
}
