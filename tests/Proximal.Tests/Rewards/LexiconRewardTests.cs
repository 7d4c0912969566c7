using NUnit.Framework;
using Proximal.Data;
using Proximal.Rewards;
using Proximal.Tests.Models;

namespace Proximal.Tests.Rewards;

public sealed class LexiconRewardTests
{
    private static readonly Dictionary<string, double> Entries = new()
    {
        ["good"] = 3,
        ["bad"] = -3,
        ["luck"] = 3,
        ["bad luck"] = -2,
        ["can't"] = -1,
        ["self-confident"] = 2,
        ["naïve"] = -2,
        ["very bad luck"] = -5,
    };

    [TestCase("Good, GOOD and good!", 9)]
    [TestCase("goodness is not a good word", 3)]
    [TestCase("I can't; you can", -1)]
    [TestCase("bad luck", 0)]
    [TestCase("a self-confident, naïve man", 0)]
    [TestCase("good'bad", 0)]
    [TestCase("good-bad", 0)]
    [TestCase("", 0)]
    public void Words_count_alone(string text, double expected) =>
        Assert.That(new LexiconReward(Entries).Score(text), Is.EqualTo(expected));

    [TestCase("bad luck", -2)]
    [TestCase("very bad luck, bad luck, bad", -10)]
    [TestCase("a self-confident man", 2)]
    [TestCase("self confident", 2)]
    [TestCase("naïve", -2)]
    [TestCase("luck, bad", 0)]
    public void Phrases_count_once_and_the_longest_wins(string text, double expected) =>
        Assert.That(new LexiconReward(Entries, phrases: true).Score(text), Is.EqualTo(expected));

    [Test]
    public void Entries_that_no_word_can_equal_are_counted_as_left_out()
    {
        var reward = new LexiconReward(Entries);
        Assert.Multiple(() =>
        {
            Assert.That(reward.Count, Is.EqualTo(4));
            Assert.That(reward.LeftOut, Is.EqualTo(4));
            Assert.That(new LexiconReward(Entries, phrases: true).LeftOut, Is.Zero);
        });
    }

    [Test]
    public void A_file_is_read_line_by_line()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["l.tsv"], "good\t3\n\nbad\t-2.5\r\nbad\t-2.5\n");
        Assert.That(LexiconReward.Load(folder["l.tsv"]).Score("good good bad"), Is.EqualTo(3.5));
    }

    [TestCase("good 3\n", 1, "expected 'word TAB value'")]
    [TestCase("good\t3\nbad\tx\n", 2, "the value of 'bad' is 'x': expected a finite number")]
    [TestCase("good\t3\nbad\tNaN\n", 2, "'NaN': expected a finite number")]
    [TestCase("good\t3\ngood\t4\n", 2, "'good' is 4 here and 3 above")]
    [TestCase("\n", null, "the lexicon is empty")]
    public void A_bad_line_is_named(string content, int? line, string what)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["l.tsv"], content);
        DataFileException exception = Assert.Throws<DataFileException>(() => LexiconReward.Load(folder["l.tsv"]));
        Assert.Multiple(() =>
        {
            Assert.That(exception.Line, Is.EqualTo(line));
            Assert.That(exception.Message, Does.Contain("l.tsv").And.Contain(what));
        });
    }

    [Test]
    public void The_embedded_lexicon_knows_words_of_feeling_from_minus_five_to_five()
    {
        LexiconReward reward = LexiconReward.Embedded();
        Assert.Multiple(() =>
        {
            Assert.That(reward.Count, Is.EqualTo(787));
            Assert.That(reward.LeftOut, Is.Zero, "every entry is a word that can match");
            Assert.That(reward.Score("A wonderful day, full of joy and kindness"), Is.EqualTo(11));
            Assert.That(reward.Score("The cruel thief lied"), Is.EqualTo(-10));
            Assert.That(reward.Score("the of and table"), Is.Zero);
            Assert.That(
                ((LexiconReward)new LexiconRewardOptions().Create(new RewardContext())).Count, Is.EqualTo(787), "the default of the type");
        });
    }

    [Test]
    public void A_missing_file_and_one_that_is_no_text_are_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["b.tsv"], [0x67, 0xff, 0xfe, 0x09, 0x31]);
        Assert.Multiple(() =>
        {
            Assert.That(
                () => LexiconReward.Load(folder["none.tsv"]),
                Throws.TypeOf<DataFileException>().With.Message.Contains("none.tsv: The lexicon does not exist"));
            Assert.That(
                () => LexiconReward.Load(folder["b.tsv"]),
                Throws.TypeOf<DataFileException>().With.Message.Contains("is not UTF-8 text"));
        });
    }
}
