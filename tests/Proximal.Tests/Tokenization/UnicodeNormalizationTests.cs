using NUnit.Framework;
using Proximal.Tokenization.Text;

namespace Proximal.Tests.Tokenization;

/// <summary>Expected values: the Unicode Standard's own examples (annex 15) and Python's unicodedata.</summary>
public sealed class UnicodeNormalizationTests
{
    [TestCase("e\u0301", "\u00e9", "e\u0301", "\u00e9", "e\u0301")]
    [TestCase("\u1e9b\u0323", "\u1e9b\u0323", "\u017f\u0323\u0307", "\u1e69", "s\u0323\u0307")]
    [TestCase("\ufb01", "\ufb01", "\ufb01", "fi", "fi")]
    [TestCase("\u212b", "\u00c5", "A\u030a", "\u00c5", "A\u030a")]
    [TestCase("\u00bd", "\u00bd", "\u00bd", "1\u20442", "1\u20442")]
    [TestCase("\ud55c\uae00", "\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af")]
    [TestCase("\u1100\u1161\u11a8", "\uac01", "\u1100\u1161\u11a8", "\uac01", "\u1100\u1161\u11a8")]
    [TestCase("a\u0315\u0300\u05ae\u0062", "\u00e0\u05ae\u0315b", "a\u05ae\u0300\u0315b", "\u00e0\u05ae\u0315b", "a\u05ae\u0300\u0315b")]
    [TestCase("\u0958", "\u0915\u093c", "\u0915\u093c", "\u0915\u093c", "\u0915\u093c")]
    [TestCase("\ud834\udd5e", "\ud834\udd57\ud834\udd65", "\ud834\udd57\ud834\udd65", "\ud834\udd57\ud834\udd65", "\ud834\udd57\ud834\udd65")]
    [TestCase("\uff21\u3000\u2460", "\uff21\u3000\u2460", "\uff21\u3000\u2460", "A 1", "A 1")]
    [TestCase("plain", "plain", "plain", "plain", "plain")]
    public void Each_form_is_the_standards(string text, string nfc, string nfd, string nfkc, string nfkd)
    {
        Assert.Multiple(() =>
        {
            Assert.That(Apply(text, UnicodeForm.Nfc), Is.EqualTo(nfc), "NFC");
            Assert.That(Apply(text, UnicodeForm.Nfd), Is.EqualTo(nfd), "NFD");
            Assert.That(Apply(text, UnicodeForm.Nfkc), Is.EqualTo(nfkc), "NFKC");
            Assert.That(Apply(text, UnicodeForm.Nfkd), Is.EqualTo(nfkd), "NFKD");
        });
    }

    [Test]
    public void Every_code_point_obeys_the_standards_invariants()
    {
        for (int codePoint = 0; codePoint < 0x30000; codePoint++)
        {
            if (codePoint is >= 0xD800 and < 0xE000)
            {
                continue;
            }

            string text = char.ConvertFromUtf32(codePoint);
            string nfc = Apply(text, UnicodeForm.Nfc);
            string nfd = Apply(text, UnicodeForm.Nfd);
            string nfkc = Apply(text, UnicodeForm.Nfkc);
            string nfkd = Apply(text, UnicodeForm.Nfkd);
            bool holds = Apply(nfd, UnicodeForm.Nfc) == nfc && Apply(nfc, UnicodeForm.Nfd) == nfd
                && Apply(nfkd, UnicodeForm.Nfc) == nfkc && Apply(nfkc, UnicodeForm.Nfd) == nfkd && Apply(nfkd, UnicodeForm.Nfkd) == nfkd;
            if (!holds)
            {
                Assert.Fail($"U+{codePoint:X4}: NFC {nfc}, NFD {nfd}, NFKC {nfkc}, NFKD {nfkd} contradict each other");
            }
        }
    }

    [Test]
    public void Places_follow_composition_and_decomposition()
    {
        AlignedText composed = UnicodeNormalization.Apply(AlignedText.Original("xe\u0301y", aligned: true), UnicodeForm.Nfc);
        Assert.That(Places(composed), Is.EqualTo("0-1 1-2 3-4"));
        AlignedText decomposed = UnicodeNormalization.Apply(AlignedText.Original("x\u00bdy", aligned: true), UnicodeForm.Nfkd);
        Assert.That(Places(decomposed), Is.EqualTo("0-1 1-2 1-2 1-2 2-3"));
    }

    private static string Places(AlignedText text) =>
        string.Join(' ', Enumerable.Range(0, text.Text.Length).Select(i => $"{text.StartAt(i)}-{text.EndAt(i)}"));

    private static string Apply(string text, UnicodeForm form) =>
        UnicodeNormalization.Apply(AlignedText.Original(text, aligned: false), form).Text;
}
