using System.Text.Json;
using NUnit.Framework;
using Proximal.Tokenization.Decoders;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.PreTokenizers;
using Proximal.Tokenization.Text;

namespace Proximal.Tests.Tokenization;

/// <summary>Each component by itself, read from its JSON. Expected values follow from the components' definitions.</summary>
public sealed class TokenizerComponentTests
{
    [TestCase("""{"type": "Prepend", "prepend": "_-"}""", "ab", "_-ab", "0-1 0-1 0-1 1-2")]
    [TestCase("""{"type": "Prepend", "prepend": "_"}""", "", "", "")]
    [TestCase("""{"type": "Replace", "pattern": {"String": "bc"}, "content": "xyz"}""", "abcd", "axyzd", "0-1 2-3 2-3 2-3 3-4")]
    [TestCase("""{"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}""", "a   b", "a b", "0-1 3-4 4-5")]
    [TestCase("""{"type": "Replace", "pattern": {"String": "b"}, "content": ""}""", "abc", "ac", "0-1 2-3")]
    [TestCase("""{"type": "Lowercase"}""", "AİΣ", "ai\u0307σ", "0-1 1-2 1-2 2-3")]
    [TestCase("""{"type": "NFKC"}""", "ﬁ½", "fi1\u20442", "0-1 0-1 1-2 1-2 1-2")]
    [TestCase("""{"type": "Strip", "strip_left": true, "strip_right": false}""", " \ta ", "a ", "2-3 3-4")]
    [TestCase("""{"type": "Strip"}""", "  ", "", "")]
    [TestCase("""{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}""", "éa", "ea", "0-1 1-2")]
    [TestCase("""{"type": "BertNormalizer"}""", "É\u0000中\u00a0\u0085", "e 中  ", "0-1 2-3 2-3 2-3 3-4")]
    [TestCase("""{"type": "BertNormalizer", "lowercase": false, "handle_chinese_chars": false}""", "É中", "É中", "0-1 1-2")]
    [TestCase("""{"type": "ByteLevel"}""", "é ", "Ã©Ġ", "0-1 0-1 1-2")]
    public void A_normalizer_changes_text_and_keeps_places(string json, string text, string expected, string places)
    {
        INormalizer normalizer = NormalizerReader.Read(Parse(json));
        AlignedText result = normalizer.Normalize(AlignedText.Original(text, aligned: true));
        Assert.That(result.Text, Is.EqualTo(expected));
        Assert.That(string.Join(' ', Enumerable.Range(0, expected.Length).Select(i => $"{result.StartAt(i)}-{result.EndAt(i)}")), Is.EqualTo(places));
        Assert.That(normalizer.Normalize(AlignedText.Original(text, aligned: false)).Text, Is.EqualTo(expected));
    }

    [TestCase("""{"type": "Split", "pattern": {"String": "-"}, "behavior": "Removed"}""", "-a--b", "a|b")]
    [TestCase("""{"type": "Split", "pattern": {"String": "-"}, "behavior": "Isolated"}""", "-a--b", "-|a|-|-|b")]
    [TestCase("""{"type": "Split", "pattern": {"String": "-"}, "behavior": "MergedWithPrevious"}""", "-a--b", "-|a-|-|b")]
    [TestCase("""{"type": "Split", "pattern": {"String": "-"}, "behavior": "MergedWithNext"}""", "-a--b", "-a|-|-b")]
    [TestCase("""{"type": "Split", "pattern": {"String": "-"}, "behavior": "Contiguous"}""", "-a--b", "-|a|--|b")]
    [TestCase("""{"type": "Split", "pattern": {"Regex": "[a-z]+"}, "behavior": "Removed", "invert": true}""", "ab1c", "ab|c")]
    [TestCase("""{"type": "Digits", "individual_digits": true}""", "a12²b", "a|1|2|²|b")]
    [TestCase("""{"type": "Digits", "individual_digits": false}""", "a12b", "a|12|b")]
    [TestCase("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}""", "a  b", "▁a|▁|▁b")]
    [TestCase("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": false}""", "a b", "a▁b")]
    [TestCase("""{"type": "Metaspace", "replacement": "▁", "add_prefix_space": false}""", " a", "▁a")]
    [TestCase("""{"type": "BertPreTokenizer"}""", "a,b  c¿$", "a|,|b|c|¿|$")]
    [TestCase("""{"type": "Whitespace"}""", "ab_1!? é\u0301-", "ab_1|!?|é\u0301|-")]
    [TestCase("""{"type": "WhitespaceSplit"}""", " a! b\u00a0c", "a!|b|c")]
    [TestCase("""{"type": "Punctuation"}""", "a!!b", "a|!|!|b")]
    [TestCase("""{"type": "Punctuation", "behavior": "Contiguous"}""", "a!!b", "a|!!|b")]
    [TestCase("""{"type": "CharDelimiterSplit", "delimiter": ";"}""", "a;;b", "a|b")]
    [TestCase("""{"type": "ByteLevel", "add_prefix_space": true, "use_regex": true}""", "a b", "Ġa|Ġb")]
    [TestCase("""{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}""", "a é", "aĠÃ©")]
    [TestCase("""{"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Digits", "individual_digits": true}]}""", "a1 2", "a|1|2")]
    public void A_pre_tokenizer_splits(string json, string text, string expected)
    {
        List<Piece> words = [];
        PreTokenizerReader.Read(Parse(json)).Split(new Piece(AlignedText.Original(text, aligned: true)), words);
        Assert.That(string.Join('|', words.Select(word => word.Span.ToString())), Is.EqualTo(expected));
    }

    [TestCase("""{"type": "Fuse"}""", "a|b", "ab")]
    [TestCase("""{"type": "Replace", "pattern": {"String": "_"}, "content": " "}""", "_a|b_", " a|b ")]
    [TestCase("""{"type": "ByteFallback"}""", "a|<0xC3>|<0xA9>|b", "a|é|b")]
    [TestCase("""{"type": "ByteFallback"}""", "<0xC3>|<0x41>|<0xZZ>", "\uFFFD\uFFFD|<0xZZ>")]
    [TestCase("""{"type": "Strip", "content": " ", "start": 1, "stop": 2}""", "  a   ", " a ")]
    [TestCase("""{"type": "Strip", "content": " ", "start": 3, "stop": 3}""", "  ", "")]
    [TestCase("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}""", "▁▁a|▁b", "a| b")]
    [TestCase("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"}""", "▁a", " a")]
    [TestCase("""{"type": "ByteLevel"}""", "Ã|©Ġ|<中>", "é <中>")]
    [TestCase("""{"type": "WordPiece", "prefix": "##", "cleanup": true}""", "a|##b|!|do", "ab! do")]
    [TestCase("""{"type": "WordPiece", "cleanup": false}""", "a|!", "a !")]
    [TestCase("""{"type": "BPEDecoder", "suffix": "</w>"}""", "a|b</w>|c</w>", "ab c")]
    [TestCase("""{"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Strip", "content": "a", "start": 1, "stop": 0}]}""", "a|a", "a")]
    public void A_decoder_changes_tokens(string json, string tokens, string expected)
    {
        ITokenDecoder decoder = DecoderReader.Read(Parse(json));
        string[] wanted = expected.Split('|');
        List<string> result = decoder.Decode([.. tokens.Split('|')]);
        Assert.That(wanted.Length > 1 ? result : [string.Concat(result)], Is.EqualTo(wanted));
    }

    private static JsonPlace Parse(string json) => new(JsonDocument.Parse(json).RootElement, "own.json", "$");
}
