using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Tokenization.Patterns;

namespace Proximal.Tests.Tokenization;

/// <summary>The hand-written split patterns against .NET's regular expressions, on text of the basic plane.</summary>
public sealed class FamilyPatternTests
{
    private static readonly string[] Sources = [FamilyPatterns.Gpt2Source, FamilyPatterns.Llama3Source, FamilyPatterns.Qwen2Source];

    private static readonly string[] Pool =
    [
        "a", "B", "é", "中", "1", "23", "²", "½", "٣", " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\u00a0", "\u3000", "\u0085", "\u2028",
        "'s", "'S", "'ll", "'Ve", "'r", "'", "!", "?!", "...", "_", "\u0301", "\u200b", "$", "\u0000", "don't",
    ];

    [Test]
    public void A_scan_finds_what_the_regular_expression_finds([ValueSource(nameof(Sources))] string source)
    {
        Regex regex = new(source, RegexOptions.CultureInvariant);
        TextPattern pattern = FamilyPatterns.Of(source)!;
        Random random = new(17);
        for (int round = 0; round < 5000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => Pool[random.Next(Pool.Length)]));
            List<PatternMatch> parts = [];
            pattern.Find(text, parts);
            string[] expected = [.. regex.Matches(text).Select(match => match.Value)];
            Assert.That(parts.Select(part => text[part.Start..part.End]), Is.EqualTo(expected), () => string.Join(' ', text.Select(c => $"{(int)c:x4}")));
        }
    }

    [TestCase(FamilyPatterns.Gpt2Source, "𝐀𝐁 😀😀 1", "𝐀𝐁| 😀😀| 1")]
    [TestCase(FamilyPatterns.Llama3Source, "😀abc 𠀀𠀁1234", "😀abc| 𠀀𠀁|123|4")]
    [TestCase(FamilyPatterns.Llama3Source, "'\u017f中'S", "'\u017f|中|'S")] // Oniguruma folds the long s, .NET does not
    [TestCase(FamilyPatterns.Qwen2Source, "𝟏𝟐 x\n\n y", "𝟏|𝟐| x|\n\n| y")]
    public void Code_points_above_the_basic_plane_have_their_own_class(string source, string text, string expected)
    {
        List<PatternMatch> parts = [];
        FamilyPatterns.Of(source)!.Find(text, parts);
        Assert.That(string.Join('|', parts.Select(part => text[part.Start..part.End])), Is.EqualTo(expected));
    }

    [Test]
    public void A_regular_expression_sees_code_points_above_the_basic_plane_whole()
    {
        const string Text = "a😀b𠀀𠀁c1";
        List<PatternMatch> parts = [];
        new RegexPattern(@"\p{L}+|\p{So}").Find(Text, parts);
        Assert.That(string.Join('|', parts.Where(part => part.IsMatch).Select(part => Text[part.Start..part.End])), Is.EqualTo("a|😀|b𠀀𠀁c"));
    }

    [TestCase(@"\p{L}++", "possessive")]
    [TestCase(@"[a[b]]", "classes inside classes")]
    [TestCase(@"[a-z&&b]", "classes inside classes")]
    [TestCase(@"\h+", @"\h")]
    [TestCase(@"(?~a)", "absent")]
    [TestCase("(", "")]
    [TestCase(@"\p{Han}", "")]
    public void An_expression_that_would_mean_something_else_is_refused(string source, string reason) =>
        Assert.That(() => new RegexPattern(source), Throws.InstanceOf<ArgumentException>().With.Message.Contains(reason));

    [Test]
    public void An_expression_that_backtracks_without_end_is_ended()
    {
        RegexPattern pattern = new(@"^(?=(a|aa)+$)\w", TimeSpan.FromMilliseconds(200));
        Assert.That(
            () => pattern.Find(new string('a', 60) + "!", []),
            Throws.InstanceOf<TimeoutException>().With.Message.Contains("takes too long"));
    }
}
