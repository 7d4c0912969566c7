using NUnit.Framework;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

public sealed class AddedTokenTests
{
    [TestCase("", "a<x>b", "a|<x>|b")]
    [TestCase("", "<x><x>", "<x>|<x>")]
    [TestCase("\"lstrip\": true", "a  <x> b", "a|  <x>| |b")]
    [TestCase("\"rstrip\": true", "a <x>  b", "a| |<x>  |b")]
    [TestCase("\"lstrip\": true, \"rstrip\": true", " <x> <x> ", " <x> |<x> ")]
    [TestCase("\"single_word\": true", "a<x>b", "a|<|x|>|b")]
    [TestCase("\"single_word\": true", "a <x> b", "a| |<x>| |b")]
    public void Flags_say_what_a_token_covers(string flags, string text, string expected)
    {
        Tokenizer tokenizer = Load(flags);
        TokenEncoding encoding = tokenizer.EncodeWithOffsets(text);
        Assert.That(string.Join('|', encoding.Offsets.Select(offset => text[offset.Start..offset.End])), Is.EqualTo(expected));
        Assert.That(tokenizer.Encode(text), Is.EqualTo(encoding.Ids));
    }

    [Test]
    public void The_longest_of_the_leftmost_wins()
    {
        Tokenizer tokenizer = Load("", """, {"id": 21, "content": "<x><y>", "special": false}, {"id": 22, "content": "y><", "special": false}""");
        Assert.That(tokenizer.Encode("<x><y><x>"), Is.EqualTo(new[] { 21, 20 }));
    }

    [Test]
    public void A_normalized_token_is_found_in_the_normalized_text_and_decodes_to_that()
    {
        const string Lower = "\"normalizer\": {\"type\": \"Lowercase\"},";
        Tokenizer tokenizer = Load("\"normalized\": true", content: "<X>", before: Lower);
        Assert.That(tokenizer.Encode("a<x>B<X>"), Is.EqualTo(new[] { 1, 20, 2, 20 }));
        Assert.That(tokenizer.Decode([20]), Is.EqualTo("<x>"));
        Assert.That(tokenizer.IdToToken(20), Is.EqualTo("<X>"));
        Tokenizer exact = Load("\"normalized\": false", content: "<X>", before: Lower);
        Assert.That(exact.Encode("<x>B<X>"), Is.EqualTo(new[] { 5, 7, 6, 2, 20 }));
    }

    [Test]
    public void Special_tokens_can_be_left_out()
    {
        Tokenizer tokenizer = Load("\"special\": true");
        Assert.That(tokenizer.Decode([1, 20, 2]), Is.EqualTo("ab"));
        Assert.That(tokenizer.Decode([1, 20, 2], skipSpecialTokens: false), Is.EqualTo("a<x>b"));
        Assert.That(tokenizer.IsSpecial(20));
        Assert.That(tokenizer.VocabularySize, Is.EqualTo(21));
    }

    private static Tokenizer Load(string flags, string more = "", string content = "<x>", string before = "")
    {
        string comma = flags.Length > 0 ? ", " : "";
        return TokenizerFolder.Load($$$"""
            { {{{before}}} "added_tokens": [{"id": 20, "content": "{{{content}}}" {{{comma}}} {{{flags}}} } {{{more}}} ],
             "model": {"type": "BPE", "vocab": {"a": 1, "b": 2, "c": 3, " ": 4, "<": 5, ">": 6, "x": 7}, "merges": []},
             "decoder": {"type": "Fuse"}}
            """);
    }
}
