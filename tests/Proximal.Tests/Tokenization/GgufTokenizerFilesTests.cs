using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Runs;
using Proximal.Tests.Golden;
using Proximal.Tests.Models;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

/// <summary>tokenizer.json and tokenizer_config.json that are written of vocabularies in GGUF files, against those vocabularies.</summary>
public sealed class GgufTokenizerFilesTests
{
    private const string Prefix = "tokenizer.ggml.";
    private const int RandomTexts = 300;

    private static readonly string[] Fragments =
    [
        "a", "b", "e", "t", "th", "the", "The", " ", "  ", "   ", "\n", "\r\n", "\t", "1", "12", "3456", "'s", "'RE", "don't", "é", "e\u0301", "ß", "Ж", "漢字", "かな", "한국",
        "👍🏽", "\u200d", "\u00a0", "\u2581", "\u0085", "٣", "½", "!", "?!", "$", "+", "<", "|>", "<s>", "</s>", "<unk>", "<0x0A>", "<|endoftext|>", "<|im_start|>", "\0", "in", "an", "hello",
    ];

    [TestCaseSource(nameof(Files))]
    public void A_folder_written_of_a_file_cuts_texts_as_the_file_does(string path)
    {
        if (!File.Exists(path))
        {
            Assert.Ignore($"missing: {path}");
        }

        Compare(path);
    }

    [TestCase("bytelevel-gpt2", "gpt-2")]
    [TestCase("bytelevel-smollm", "smollm")]
    [TestCase("bytelevel-qwen2", "qwen2")]
    [TestCase("bytelevel-llama3", "llama-bpe")]
    [TestCase("bytelevel-qwen2", "default")]
    [TestCase("bytelevel-llama3", null)]
    public void Every_split_of_byte_level_vocabularies_is_written(string name, string? split)
    {
        GoldenRoots.Demand(GoldenKind.Tokenizer);
        GoldenFile golden = GoldenRoots.Of(GoldenKind.Tokenizer).Single(file => Path.GetFileName(file.Folder) == name);
        using var folder = new TemporaryFolder();
        Compare(GgufTokenizerTests.Metadata(golden.Folder, split).Write(folder["model.gguf"]));
    }

    [Test]
    public void Begin_and_end_tokens_and_an_unmarked_space_are_written([Values] bool bos, [Values] bool eos, [Values] bool space)
    {
        using var folder = new TemporaryFolder();
        GgufMetadata metadata = Pieces(seed: 1, tied: false).Add(Prefix + "add_bos_token", bos).Add(Prefix + "add_eos_token", eos).Add(Prefix + "add_space_prefix", space);
        Tokenizer written = Compare(metadata.Write(folder["model.gguf"]));
        Assert.That(written.Encode("ab"), Is.EqualTo((int[])[.. bos ? [1] : Array.Empty<int>(), .. written.Encode("ab", addSpecialTokens: false), .. eos ? [2] : Array.Empty<int>()]));
    }

    [Test]
    public void Merges_of_any_distinct_scores_are_written([Range(2, 9)] int seed)
    {
        using var folder = new TemporaryFolder();
        string path = Pieces(seed, tied: false).Write(folder["model.gguf"]);
        Tokenizer written = Compare(path);
        var original = Tokenizer.Load(path);
        var random = new Random(seed);
        for (int i = 0; i < 2000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => "aab "[random.Next(4)]));
            Assert.That(written.Encode(text), Is.EqualTo(original.Encode(text)), text);
        }
    }

    [TestCase("ab cd xy", true, Description = "neither overlaps nor builds on the other")]
    [TestCase("ab bc", false, Description = "abc")]
    [TestCase("ab abc", false, Description = "one builds on the other")]
    [TestCase("aa aab", false)]
    [TestCase("aa aaaa", true, Description = "runs of one character: leftmost first makes the same of them")]
    [TestCase("aaaa aaa aa", true)]
    [TestCase("aaa aa bbb bb", true)]
    [TestCase("aa aaa aaaa", false, Description = "aaaaa: leftmost first leaves a single a, a list makes aa and aaa")]
    [TestCase("aa aaa bb bbb", false)]
    public void Pieces_of_one_score_are_written_where_a_list_does_the_same(string pieces, bool written)
    {
        using var folder = new TemporaryFolder();
        string path = Pieces(["a", "b", "c", "d", "x", "y", "\u2581", .. pieces.Split(' ')], (_, piece) => piece.Length > 1 ? -5 : -9).Write(folder["model.gguf"]);
        if (!written)
        {
            Assert.That(() => TokenizerFiles.Check(path), Throws.TypeOf<TokenizerException>().With.Message.Contains("pieces have the same score"));
            return;
        }

        Tokenizer files = Compare(path);
        var original = Tokenizer.Load(path);
        var random = new Random(3);
        for (int i = 0; i < 2000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => "aaaabbcdxy "[random.Next(11)]));
            Assert.That(files.Encode(text), Is.EqualTo(original.Encode(text)), text);
        }
    }

    [Test]
    public void What_tokenizer_json_cannot_say_is_refused_with_the_way_out()
    {
        using var folder = new TemporaryFolder();
        string tied = Pieces(seed: 1, tied: true).Write(folder["tied.gguf"]);
        string unused = Pieces(seed: 1, tied: false).Add(Prefix + "padding_token_id", 3).Write(folder["unused.gguf"]);
        Assert.Multiple(() =>
        {
            Assert.That(() => TokenizerFiles.Check(tied), Refuses("pieces have the same score"));
            Assert.That(() => TokenizerFiles.Copy(tied, folder.Path), Refuses("pieces have the same score"));
            Assert.That(() => TokenizerFiles.Check(unused), Refuses("pad_token is token 3, which is marked as not in use"));
            Assert.That(Tokenizer.Load(tied).Encode("ab"), Is.Not.Empty, "it can be used all the same");
            Assert.That(File.Exists(folder["tokenizer.json"]), Is.False);
        });

        static NUnit.Framework.Constraints.IResolveConstraint Refuses(string problem) =>
            Throws.TypeOf<TokenizerException>().With.Message.Contains(problem).And.Message.Contains("with the key tokenizer");
    }

    [Test]
    public void Templates_are_written_and_those_of_the_folder_go_first()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["from"]);
        Directory.CreateDirectory(folder["to"]);
        string path = Pieces(seed: 1, tied: false).Add("tokenizer.chat_template", "{{ bos_token }}one").Add("tokenizer.chat_template.tools", "two{{ eos_token }}").Write(folder["from", "model.gguf"]);
        TokenizerFiles.Copy(folder["from"], folder["to"]);
        Assert.Multiple(() =>
        {
            Assert.That(Rendered(), Is.EqualTo("<s>one"));
            Assert.That(ModelChatTemplate.Find(folder["to"], "tools")!.Render(Request()).Text, Is.EqualTo("two</s>"));
        });
        File.WriteAllText(folder["from", "chat_template.jinja"], "three{{ eos_token }}");
        TokenizerFiles.Copy(folder["from"], folder["to"]);
        Assert.That(Rendered(), Is.EqualTo("three</s>"));
        TokenizerFiles.Copy(path, folder["to"]);
        Assert.That(Rendered(), Is.EqualTo("<s>one"), "a file that is named speaks for itself");
        File.WriteAllText(folder["four.jinja"], "four");
        TokenizerFiles.Copy(path, folder["to"], folder["four.jinja"]);
        Assert.That(Rendered(), Is.EqualTo("four"));

        string Rendered() => ModelChatTemplate.Find(folder["to"])!.Render(Request()).Text;

        static ChatRequest Request() => new() { Messages = JsonElement.Parse("""[{"role":"user","content":"a"}]""") };
    }

    /// <summary>Writes the files, loads them and compares everything.</summary>
    private static Tokenizer Compare(string path)
    {
        using var folder = new TemporaryFolder();
        TokenizerFiles.Check(path);
        TokenizerFiles.Copy(path, folder.Path);
        Tokenizer original = Tokenizer.Load(path);
        Tokenizer written = Tokenizer.Load(folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(Directory.GetFiles(folder.Path).Select(Path.GetFileName), Is.SupersetOf(new[] { "tokenizer.json", "tokenizer_config.json" }));
            Assert.That((written.BosTokenId, written.EosTokenId, written.PadTokenId), Is.EqualTo((original.BosTokenId, original.EosTokenId, original.PadTokenId)));
            Assert.That(written.VocabularySize, Is.EqualTo(original.VocabularySize));
            Assert.That(
                Enumerable.Range(0, original.VocabularySize).Select(id => (written.IdToToken(id), written.IsSpecial(id))),
                Is.EqualTo(Enumerable.Range(0, original.VocabularySize).Select(id => (original.IdToToken(id), original.IsSpecial(id)))));
        });
        var random = new Random(7);
        foreach (string text in GoldenTexts().Concat(Enumerable.Range(0, RandomTexts).Select(_ => RandomText(random))))
        {
            TokenEncoding expected = original.EncodeWithOffsets(text);
            TokenEncoding actual = written.EncodeWithOffsets(text);
            int[] random4 = [.. Enumerable.Range(0, 4).Select(_ => random.Next(original.VocabularySize))];
            int[] all = [.. expected.Ids, .. random4];
            Assert.That(actual.Ids, Is.EqualTo(expected.Ids), text);
            Assert.That(actual.Offsets, Is.EqualTo(expected.Offsets), text);
            Assert.That(written.Encode(text, addSpecialTokens: false), Is.EqualTo(original.Encode(text, addSpecialTokens: false)), text);
            Assert.That(written.Decode(all), Is.EqualTo(original.Decode(all)), text);
            Assert.That(written.Decode(all, skipSpecialTokens: false), Is.EqualTo(original.Decode(all, skipSpecialTokens: false)), text);
        }

        return written;
    }

    private static IEnumerable<string> Files()
    {
        string[] data =
        [
            Path.Combine("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf"),
            Path.Combine("tokenizer-goldens", "ggml-vocab-llama-spm.gguf"),
            Path.Combine("tokenizer-goldens", "ggml-vocab-gpt-2.gguf"),
        ];
        return GoldenRoots.Of(GoldenKind.Gguf)
            .Select(file => Path.ChangeExtension(file.Path, ".gguf"))
            .Where(path => File.Exists(path) && Path.GetFileNameWithoutExtension(path) is not ("types" or "metadata"))
            .Concat(data.Select(name => Path.Combine(GoldenRoots.Data, name)));
    }

    private static IEnumerable<string> GoldenTexts() => GoldenRoots.Of(GoldenKind.Tokenizer).Where(file => Path.GetFileName(file.Folder).StartsWith("bytelevel-", StringComparison.Ordinal)).Take(1).SelectMany(file =>
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(file.Path));
        return golden.RootElement.GetProperty("cases").EnumerateArray().Select(item => item.GetProperty("text").GetString()!).ToArray();
    });

    private static string RandomText(Random random)
    {
        var text = new StringBuilder();
        for (int i = random.Next(12); i > 0; i--)
        {
            text.Append(Fragments[random.Next(Fragments.Length)]);
        }

        return text.ToString();
    }

    /// <summary>Pieces of a, b and the space mark up to four long, in an order of scores that no training gives.</summary>
    private static GgufMetadata Pieces(int seed, bool tied)
    {
        var random = new Random(seed);
        string[] letters = ["a", "b", "\u2581"];
        List<string> pieces = [.. letters];
        for (int length = 2; length <= 4; length++)
        {
            pieces.AddRange(pieces.Where(piece => piece.Length == length - 1).SelectMany(piece => letters.Select(letter => piece + letter)).Where(_ => random.Next(2) == 0).ToArray());
        }

        int[] order = [.. Enumerable.Range(0, pieces.Count)];
        random.Shuffle(order);
        return Pieces(pieces, (place, _) => -(tied ? order[place] / 2 : order[place]));
    }

    private static GgufMetadata Pieces(List<string> pieces, Func<int, string, float> score)
    {
        string[] tokens = ["<unk>", "<s>", "</s>", "[PAD3]", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), "<user>", .. pieces];
        int[] kinds = [2, 3, 3, 5, .. Enumerable.Repeat(6, 256), 4, .. Enumerable.Repeat(1, pieces.Count)];
        return new GgufMetadata()
            .Add("general.architecture", "llama")
            .Add(Prefix + "model", "llama")
            .Add(Prefix + "tokens", tokens)
            .Add(Prefix + "token_type", kinds)
            .Add(Prefix + "scores", [.. Enumerable.Repeat(0f, tokens.Length - pieces.Count), .. pieces.Select((piece, place) => score(place, piece))])
            .Add(Prefix + "bos_token_id", 1)
            .Add(Prefix + "eos_token_id", 2)
            .Add(Prefix + "unknown_token_id", 0);
    }
}
