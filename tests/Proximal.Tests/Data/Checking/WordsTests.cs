using NUnit.Framework;
using Proximal.Data.Checking;

namespace Proximal.Tests.Data.Checking;

/// <summary>What a word is.</summary>
public sealed class WordsTests
{
    [TestCase("", "")]
    [TestCase(" \n.,!?-- ", "")]
    [TestCase("The cat, the CAT.", "the|cat|the|cat")]
    [TestCase("don't 'quote' it's' boys'", "don't|quote|it's|boys")]
    [TestCase("Leo\u2019s", "leo's")]
    [TestCase("well-known 3.5 a_b x2", "well|known|3|5|a|b|x2")]
    [TestCase("caf\u00e9 cafe\u0301 \u00dcBER", "caf\u00e9|cafe\u0301|\u00fcber")]
    [TestCase("\u6211\u7231\u732b ok \u30cd\u30b3", "\u6211|\u7231|\u732b|ok|\u30cd|\u30b3")]
    [TestCase("hi\U0001F600there\U00020000x", "hi|there|\U00020000|x")]
    [TestCase("x\u4e00y", "x|\u4e00|y")]
    public void A_text_falls_into_words(string text, string words)
    {
        var found = new List<string>();
        Words.Each(text, word => found.Add(word.ToString()));
        Assert.That(string.Join('|', found), Is.EqualTo(words));
    }

    [Test]
    public void Equal_words_have_equal_numbers()
    {
        var index = new WordIndex();
        Assert.Multiple(() =>
        {
            Assert.That(index.Of("a b A c"), Is.EqualTo(new[] { 0, 1, 0, 2 }));
            Assert.That(index.Of("c d"), Is.EqualTo(new[] { 2, 3 }));
            Assert.That((index.Count, index[3], index.Has("d"), index.Has("e")), Is.EqualTo((4, "d", true, false)));
        });
    }
}
