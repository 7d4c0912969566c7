using System.Text;
using NUnit.Framework;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

/// <summary>Damaged tokenizer.json files: each complaint names the file, the place and the problem.</summary>
public sealed class MalformedTokenizerTests
{
    private const int FuzzRounds = 4000;

    [TestCase("", "", "no valid JSON")]
    [TestCase("[]", "$", "expected an object")]
    [TestCase("{}", "$", "\"model\" is missing")]
    [TestCase("""{"model": 3}""", "$.model", "expected an object")]
    [TestCase("""{"model": {}}""", "$.model", "\"type\" is missing")]
    [TestCase("""{"model": {"type": "Magic"}}""", "$.model", "models of type \"Magic\"")]
    [TestCase("""{"model": {"type": "BPE"}}""", "$.model", "\"vocab\" is missing")]
    [TestCase("""{"model": {"type": "BPE", "vocab": []}}""", "$.model.vocab", "expected an object")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": "x"}}}""", "$.model.vocab", "expected a whole number")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": -1}}}""", "$.model.vocab", "the id -1")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 2000000000}}}""", "$.model.vocab", "the id 2000000000")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}}}""", "$.model.vocab", "\"b\" and \"a\" both have id 0")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}}}""", "", "no valid JSON")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"\ud800": 0}}}""", "", "no valid JSON")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {}, "merges": ["\ud800 a"]}}""", "$.model.merges[0]", "no Unicode text")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}}}""", "$.model", "\"merges\" is missing")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}""", "$.model.merges[0]", "expected two tokens")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}}""", "$.model.merges[0]", "\"b\", which the vocabulary lacks")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "a"]]}}""", "$.model.merges[0]", "gives \"aa\"")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": ["a a", "a a"]}}""", "$.model.merges[1]", "occurs twice")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "u"}}""", "$.model.unk_token", "no token \"u\"")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}}""", "$.model.dropout", "dropout")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "byte_fallback": "yes"}}""", "$.model.byte_fallback", "true or false")]
    [TestCase("""{"model": {"type": "Unigram", "vocab": []}}""", "$.model", "\"vocab\" is empty")]
    [TestCase("""{"model": {"type": "Unigram", "vocab": [["a"]]}}""", "$.model.vocab[0]", "got 1 items")]
    [TestCase("""{"model": {"type": "Unigram", "vocab": [["a", 1e999]]}}""", "$.model.vocab[0][1]", "finite number")]
    [TestCase("""{"model": {"type": "Unigram", "vocab": [["a", 0], ["a", 0]]}}""", "$.model.vocab[1][0]", "occurs twice")]
    [TestCase("""{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1}}""", "$.model.unk_id", "from 0 to 0, got 1")]
    [TestCase("""{"model": {"type": "WordPiece", "vocab": {"a": 0}}}""", "$.model", "\"unk_token\" is missing")]
    [TestCase("""{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "b"}}""", "$.model.unk_token", "no token \"b\"")]
    public void A_damaged_model_is_refused_with_its_place(string json, string place, string problem) => Refused(json, place, problem);

    [TestCase("\"normalizer\": {\"type\": \"Nope\"}", "$.normalizer", "normalizers of type \"Nope\"")]
    [TestCase("\"normalizer\": {}", "$.normalizer", "\"type\" is missing")]
    [TestCase("\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFX\"}]}", "$.normalizer.normalizers[0]", "type \"NFX\"")]
    [TestCase("\"normalizer\": {\"type\": \"Replace\", \"pattern\": {}, \"content\": \"\"}", "$.normalizer.pattern", "\"String\" or \"Regex\"")]
    [TestCase("\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"\"}", "$.normalizer.pattern.String", "empty string")]
    [TestCase("\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"}", "$.normalizer.precompiled_charsmap", "no compiled map")]
    [TestCase("\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"?\"}", "$.normalizer.precompiled_charsmap", "no compiled map")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"Nope\"}", "$.pre_tokenizer", "pre-tokenizers of type \"Nope\"")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Removed\"}", "$.pre_tokenizer.pattern.Regex", "cannot be used")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"String\": \"a\"}, \"behavior\": \"Eaten\"}", "$.pre_tokenizer.behavior", "\"Eaten\" is no behavior")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"ab\"}", "$.pre_tokenizer.replacement", "expected one character")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"_\", \"prepend_scheme\": \"last\"}", "$.pre_tokenizer", "\"last\"")]
    [TestCase("\"post_processor\": {\"type\": \"Nope\"}", "$.post_processor", "post-processors of type \"Nope\"")]
    [TestCase("\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": []}", "$.post_processor", "exactly once")]
    [TestCase("\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"x\"}}]}", "$.post_processor.single[0].SpecialToken.id", "has no \"x\"")]
    [TestCase("\"post_processor\": {\"type\": \"BertProcessing\", \"cls\": [\"a\", 7], \"sep\": [\"a\", 0]}", "$.post_processor.cls[1]", "no id 7")]
    [TestCase("\"decoder\": {\"type\": \"CTC\"}", "$.decoder", "decoders of type \"CTC\"")]
    [TestCase("\"decoder\": {\"type\": \"Strip\", \"content\": \" \", \"start\": -1, \"stop\": 0}", "$.decoder.start", "got -1")]
    [TestCase("\"decoder\": {\"type\": \"BPEDecoder\", \"suffix\": \"\"}", "$.decoder", "\"suffix\" is empty")]
    [TestCase("\"added_tokens\": {}", "$.added_tokens", "expected an array")]
    [TestCase("\"added_tokens\": [{\"content\": \"x\"}]", "$.added_tokens[0]", "\"id\" is missing")]
    [TestCase("\"added_tokens\": [{\"id\": 5, \"content\": \"\"}]", "$.added_tokens[0]", "0 characters")]
    [TestCase("\"added_tokens\": [{\"id\": 5, \"content\": \"x\"}, {\"id\": 5, \"content\": \"y\"}]", "$.added_tokens[1]", "used by an earlier")]
    [TestCase("\"added_tokens\": [{\"id\": 5, \"content\": \"x\"}, {\"id\": 6, \"content\": \"x\"}]", "$.added_tokens[1]", "used by an earlier")]
    [TestCase("\"added_tokens\": [{\"id\": 5, \"content\": \"a\"}]", "$.added_tokens[0]", "id 5 here and 0 in the vocabulary")]
    [TestCase("\"added_tokens\": [{\"id\": 0, \"content\": \"x\"}]", "$.added_tokens[0]", "id 0 is \"x\" here and \"a\"")]
    public void A_damaged_component_is_refused_with_its_place(string member, string place, string problem) =>
        Refused($$$"""{ {{{member}}}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", place, problem);

    [Test]
    public void Nesting_without_end_is_refused()
    {
        string open = string.Concat(Enumerable.Repeat("""{"type": "Sequence", "normalizers": [""", 100_000));
        Refused($$$"""{"normalizer": {{{open}}}""", "", "no valid JSON");
    }

    [Test]
    public void A_token_that_is_no_utf8_is_refused()
    {
        using TokenizerFolder folder = new();
        byte[] json = Encoding.UTF8.GetBytes("""{"model": {"type": "BPE", "vocab": {"#": 0}, "merges": []}}""");
        json[Array.IndexOf(json, (byte)'#')] = 0xFF;
        Assert.That(folder.With("tokenizer.json", json).Load, Throws.InstanceOf<TokenizerException>().With.Message.Contains("$.model.vocab: a name is no Unicode text"));
    }

    [Test]
    public void Replacements_that_multiply_a_text_again_and_again_are_ended()
    {
        string content = new('a', 40);
        string steps = string.Join(',', Enumerable.Repeat($$$"""{"type": "Replace", "pattern": {"String": "a"}, "content": "{{{content}}}"}""", 40));
        Tokenizer tokenizer = TokenizerFolder.Load($$$"""
            {"normalizer": {"type": "Sequence", "normalizers": [{{{steps}}}]}, "decoder": {"type": "Sequence", "decoders": [{{{steps}}}]},
             "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}
            """);
        Assert.That(() => tokenizer.Encode("a"), Throws.InvalidOperationException.With.Message.Contains("is damaged"));
        Assert.That(() => tokenizer.Decode([0]), Throws.InvalidOperationException.With.Message.Contains("is damaged"));
    }

    [Test]
    public void Tokens_of_absurd_length_are_refused()
    {
        string token = new('a', 5000);
        Refused($$$"""{"model": {"type": "WordLevel", "vocab": {"{{{token}}}": 0}, "unk_token": "a"}}""", "$.model.vocab", "5000 characters");
        Refused($$$"""{"model": {"type": "Unigram", "vocab": [["{{{token}}}", 0]]}}""", "$.model.vocab[0][0]", "5000 characters");
    }

    [Test]
    public void No_damage_does_more_than_refuse_a_file([Values("fallback", "level")] string kind)
    {
        byte[] good = Encoding.UTF8.GetBytes(kind == "level" ? TokenizerTexts.ByteLevel : TokenizerTexts.ByteFallback);
        Random random = new(11);
        using TokenizerFolder folder = new();
        int refused = 0;
        for (int round = 0; round < FuzzRounds / 2; round++)
        {
            folder.With("tokenizer.json", Damage(good, random));
            try
            {
                Tokenizer tokenizer = folder.Load();
                _ = tokenizer.Decode(tokenizer.Encode("hello wé 12😀"));
                _ = tokenizer.EncodeWithOffsets("hello\uD800 é<|end|>");
            }
            catch (TokenizerException)
            {
                refused++;
            }
        }

        Assert.That(refused, Is.InRange(FuzzRounds / 20, (FuzzRounds / 2) - 1));
    }

    [Test]
    public void Links_as_of_the_hubs_cache_are_followed()
    {
        using var folder = new Models.TemporaryFolder();
        Directory.CreateDirectory(folder["blobs"]);
        Directory.CreateDirectory(folder["snapshots/abc"]);
        File.WriteAllText(folder["blobs/1"], TokenizerTexts.ByteLevel);
        File.WriteAllText(folder["blobs/2"], """{"chat_template": "{{ messages[0].content }}"}""");
        File.CreateSymbolicLink(folder["snapshots/abc/tokenizer.json"], "../../blobs/1");
        File.CreateSymbolicLink(folder["snapshots/abc/tokenizer_config.json"], "../../blobs/2");
        string snapshot = folder["snapshots/abc"];
        Assert.That(Tokenizer.Load(snapshot).Encode("hello"), Is.EqualTo(Tokenizer.Load(WithoutLinks(folder)).Encode("hello")));
        Assert.That(global::Proximal.ChatTemplates.ModelChatTemplate.Find(snapshot), Is.Not.Null);
    }

    [TestCase("tokenizer.json")]
    [TestCase("/dev/zero")]
    [TestCase("/dev/null")]
    [TestCase("/proc/self/environ")]
    [TestCase("../secret")]
    public void Links_to_what_is_no_tokenizer_are_refused_without_showing_it(string target)
    {
        using var folder = new Models.TemporaryFolder();
        File.WriteAllText(folder["secret"], "root:x:0:0:a-secret-value");
        Directory.CreateDirectory(folder["m"]);
        File.CreateSymbolicLink(folder["m/tokenizer.json"], target);
        TokenizerException failure = Assert.Throws<TokenizerException>(() => Tokenizer.Load(folder["m/tokenizer.json"]))!;
        Assert.That(failure.Message, Does.Contain(folder["m"]).And.Not.Contain("secret-value").And.Not.Contain("PATH="));
    }

    [Test]
    public void A_pipe_that_nobody_writes_to_is_refused_at_once()
    {
        using var folder = new Models.TemporaryFolder();
        Assert.That(Interop.Tool.Run("mkfifo", folder["tokenizer.json"]).ExitCode, Is.Zero);
        Assert.That(
            () => Tokenizer.Load(folder["tokenizer.json"]),
            Throws.TypeOf<TokenizerException>().With.Message.Contains("is no file, but a pipe or device"));
    }

    [TestCase("tokenizer.json")]
    [TestCase("tokenizer.model")]
    [TestCase("vocab.json")]
    public void A_file_of_gigabytes_is_refused_before_it_is_read(string name)
    {
        using var folder = new Models.TemporaryFolder();
        Directory.CreateDirectory(folder["blobs"]);
        using (FileStream sparse = File.Create(folder["blobs/large"]))
        {
            sparse.SetLength(1L << 40);
        }

        File.CreateSymbolicLink(folder[name], "blobs/large");
        File.WriteAllText(folder["merges.txt"], "a b\n");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(
            () => Tokenizer.Load(folder[name]),
            Throws.TypeOf<TokenizerException>().With.Message.Contains(name).And.Message.Contains("bytes are more than a tokenizer has"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 24));
    }

    private static string WithoutLinks(Models.TemporaryFolder folder)
    {
        Directory.CreateDirectory(folder["plain"]);
        File.Copy(folder["blobs/1"], folder["plain/tokenizer.json"]);
        return folder["plain"];
    }

    /// <summary>Flips, cuts, repeats or moves a few bytes.</summary>
    private static byte[] Damage(byte[] good, Random random)
    {
        List<byte> bytes = [.. good];
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            int at = random.Next(bytes.Count - 20);
            int length = random.Next(1, 20);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(32, 127);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - 20), length));
                    break;
                case 3:
                    bytes[at] = (byte)random.Next(256);
                    break;
                default:
                    (bytes[at], bytes[at + length]) = (bytes[at + length], bytes[at]);
                    break;
            }
        }

        return [.. bytes];
    }

    private static void Refused(string json, string place, string problem)
    {
        using TokenizerFolder folder = new();
        folder.With("tokenizer.json", json);
        TokenizerException exception = Assert.Throws<TokenizerException>(() => folder.Load())!;
        Assert.Multiple(() =>
        {
            Assert.That(exception.File, Is.EqualTo(folder.File("tokenizer.json")));
            Assert.That(exception.Place, Is.EqualTo(place));
            Assert.That(exception.Message, Does.Contain(problem));
            Assert.That(exception.Status, Is.EqualTo(ProximalStatus.CorruptData).Or.EqualTo(ProximalStatus.Unsupported));
        });
    }
}
