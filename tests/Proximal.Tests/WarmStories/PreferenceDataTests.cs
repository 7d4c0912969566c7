using System.Text.Json;
using NUnit.Framework;
using Proximal.Data.Checking;
using Proximal.Tests.Models;

namespace Proximal.Tests.WarmStories;

/// <summary>The reward data that the library carries keep the bounds that their page promises, by the check that users have.</summary>
public sealed class PreferenceDataTests
{
    private static readonly string File = Interop.Tool.InRepository("managed", "Proximal", "WarmStories", "preferences.jsonl");

    [Test]
    public void They_are_large_enough_and_without_errors()
    {
        DataReport report = DataCheck.Run(File);
        DataSplitReport test = report.Splits.Single(split => split.Name == "test");
        Assert.Multiple(() =>
        {
            Assert.That(report.Problems, Is.Empty, "no prompt in both splits, no identical or contradictory pairs");
            Assert.That(report.Shape, Is.EqualTo(DataShape.Preferences));
            Assert.That(report.UsableRows, Is.EqualTo(report.Rows).And.GreaterThanOrEqualTo(500));
            Assert.That(report.Prompts, Is.GreaterThanOrEqualTo(240));
            Assert.That(test.Rows, Is.GreaterThanOrEqualTo(100));
            Assert.That(report.Splits.Sum(split => split.Prompts), Is.EqualTo(report.Prompts));
        });
    }

    [Test]
    public void Neither_length_nor_words_alone_tell_the_warm_story()
    {
        DataReport report = DataCheck.Run(File);
        Assert.Multiple(() =>
        {
            Assert.That(report.LengthRules.Select(rule => rule.Accuracy.Value), Is.All.InRange(0.45, 0.55), "by words and characters, of all and of each split");
            Assert.That(report.WordRules, Has.Count.EqualTo(2), "from train to test, and over folds");
            Assert.That(report.WordRules.Select(rule => rule.Accuracy.Value), Is.All.LessThanOrEqualTo(0.8));
        });
    }

    [Test]
    public void The_stories_are_varied()
    {
        DataReport report = DataCheck.Run(File);
        Assert.That(report.Fields.Where(field => field.Role is "chosen" or "rejected").Select(field => field.Distinct[3]), Has.Exactly(2).Items.And.All.GreaterThanOrEqualTo(0.8));
    }

    [Test]
    public void Their_words_are_those_of_small_children()
    {
        string stories = SharedData.Path("tinystories", "tinystories_1000.json");
        DataReport report = DataCheck.Run(File, new DataCheckOptions { Vocabulary = stories });
        Assert.That(report.Fields.Select(field => field.KnownWords), Has.Exactly(3).Items.And.All.GreaterThanOrEqualTo(0.97));
    }

    [Test]
    public void One_rejected_story_in_four_is_sampled()
    {
        string[] lacks = [.. System.IO.File.ReadLines(File).Select(line => JsonElement.Parse(line).GetProperty("lacks").GetString()!)];
        Assert.That(lacks.Count(lack => lack == "sampled") / (double)lacks.Length, Is.EqualTo(0.25).Within(0.01));
    }
}
