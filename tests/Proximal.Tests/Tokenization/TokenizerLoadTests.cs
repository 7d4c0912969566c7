using NUnit.Framework;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

public sealed class TokenizerLoadTests
{
    private const string Vocabulary = """{"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}""";

    [Test]
    public void A_folder_or_a_file_names_a_tokenizer()
    {
        using TokenizerFolder folder = new();
        folder.With("tokenizer.json", TokenizerTexts.Letters);
        Assert.That(Tokenizer.Load(folder.Path).Encode("ab"), Is.EqualTo(new[] { 7 }));
        Assert.That(Tokenizer.Load(folder.File("tokenizer.json")).Encode("ab"), Is.EqualTo(new[] { 7 }));
    }

    [Test]
    public void Vocab_and_merges_make_a_byte_level_tokenizer()
    {
        using TokenizerFolder folder = new();
        folder.With("vocab.json", Vocabulary).With("merges.txt", "#version: 0.2\r\na b\r\n").With("tokenizer_config.json", """
            {"eos_token": "<|endoftext|>", "bos_token": null, "added_tokens_decoder": {"9": {"content": "zz"}}}
            """);
        Tokenizer tokenizer = folder.Load();
        Assert.That(tokenizer.Encode("aba<|endoftext|>"), Is.EqualTo(new[] { 2, 0, 3 }));
        Assert.That(tokenizer.EosTokenId, Is.EqualTo(3));
        Assert.That(tokenizer.IsSpecial(3));
        Assert.That(Tokenizer.Load(folder.File("merges.txt")).Encode("ab"), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public void Roles_come_from_the_tokenizers_config_and_else_from_the_generation_config()
    {
        using TokenizerFolder folder = new();
        folder.With("tokenizer.json", TokenizerTexts.Letters)
            .With("tokenizer_config.json", """{"bos_token": {"content": "<sep>"}}""")
            .With("generation_config.json", """{"bos_token_id": 1, "eos_token_id": [4, 5], "pad_token_id": 0}""");
        Tokenizer tokenizer = folder.Load();
        Assert.That((tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId), Is.EqualTo((10, 4, 0)));
    }

    [TestCase("tokenizer_config.json", """{"eos_token": "<gone>"}""", "$.eos_token", "no token \"<gone>\"")]
    [TestCase("tokenizer_config.json", """{"eos_token": 3}""", "$.eos_token", "expected a string")]
    [TestCase("tokenizer_config.json", "[]", "$", "expected an object")]
    [TestCase("generation_config.json", """{"eos_token_id": "3"}""", "$.eos_token_id", "expected a whole number")]
    public void A_damaged_config_is_refused_with_its_place(string name, string content, string place, string problem)
    {
        using TokenizerFolder folder = new();
        folder.With("tokenizer.json", TokenizerTexts.Letters).With(name, content);
        TokenizerException exception = Assert.Throws<TokenizerException>(() => folder.Load())!;
        Assert.That((exception.File, exception.Place), Is.EqualTo((folder.File(name), place)));
        Assert.That(exception.Message, Does.Contain(problem));
    }

    [TestCase("a b c", "line 2", "one space between")]
    [TestCase("a c", "line 2", "\"c\", which the vocabulary lacks")]
    [TestCase("b a", "line 2", "gives \"ba\"")]
    [TestCase("a b\na b", "line 3", "occurs twice")]
    public void Damaged_merges_are_refused_with_their_line(string merges, string place, string problem)
    {
        using TokenizerFolder folder = new();
        folder.With("vocab.json", Vocabulary).With("merges.txt", "#version: 0.2\n" + merges);
        TokenizerException exception = Assert.Throws<TokenizerException>(() => folder.Load())!;
        Assert.That((exception.File, exception.Place), Is.EqualTo((folder.File("merges.txt"), place)));
        Assert.That(exception.Message, Does.Contain(problem));
    }

    [Test]
    public void What_is_missing_is_named()
    {
        using TokenizerFolder folder = new();
        Assert.That(folder.Load, Throws.InstanceOf<TokenizerException>().With.Message.Contains("has none of tokenizer.json"));
        Assert.That(() => Tokenizer.Load(folder.File("no")), Throws.InstanceOf<TokenizerException>().With.Message.Contains("no such file"));
        folder.With("vocab.json", Vocabulary);
        Assert.That(folder.Load, Throws.InstanceOf<TokenizerException>().With.Message.StartsWith(folder.File("merges.txt")));
        Assert.That(() => Tokenizer.Load(""), Throws.ArgumentException);
    }

    [Test]
    public void A_batch_is_what_its_texts_are_from_many_threads()
    {
        Tokenizer tokenizer = TokenizerFolder.Load(TokenizerTexts.ByteFallback);
        string[] texts = [.. Enumerable.Range(0, 500).Select(i => $"hello {i} wörld {new string('l', i % 60)}")];
        int[][] batch = tokenizer.EncodeBatch(texts);
        int[][] repeated = tokenizer.EncodeBatch(texts);
        Assert.That(batch, Is.EqualTo(texts.Select(text => TokenizerFolder.Load(TokenizerTexts.ByteFallback).Encode(text))));
        Assert.That(repeated, Is.EqualTo(batch));
        Assert.That(() => tokenizer.EncodeBatch(["a", null!]), Throws.ArgumentException.With.Message.Contains("Text 1"));
    }

    [Test]
    public void Ids_without_a_token_give_nothing_and_negative_ones_are_refused()
    {
        Tokenizer tokenizer = TokenizerFolder.Load(TokenizerTexts.Letters);
        Assert.That(tokenizer.Decode([1, 99_999, 2]), Is.EqualTo("ab"));
        Assert.That(tokenizer.IdToToken(99_999), Is.Null);
        Assert.That(tokenizer.TokenToId("zz"), Is.Null);
        Assert.That(() => tokenizer.Decode([-1]), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void An_unpaired_surrogate_counts_as_the_replacement_character()
    {
        Tokenizer tokenizer = TokenizerFolder.Load(TokenizerTexts.ByteLevel);
        Assert.That(tokenizer.Encode("a\uD800b"), Is.EqualTo(tokenizer.Encode("a\uFFFDb")));
    }
}
