using NUnit.Framework;
using Proximal.Data;

namespace Proximal.Tests.Data;

public sealed class DataSplitTests
{
    private static readonly string[] Rows = [.. Enumerable.Range(0, 200).Select(i => $"prompt {i % 100}")];

    [Test]
    public void No_prompt_is_on_both_sides_and_the_share_is_that_of_the_prompts()
    {
        (IReadOnlyList<string> training, IReadOnlyList<string> validation) = DataSplit.ByPrompt(Rows, row => row, 0.2, seed: 1);
        Assert.Multiple(() =>
        {
            Assert.That(validation.Distinct().Count(), Is.EqualTo(20));
            Assert.That(validation, Has.Count.EqualTo(40));
            Assert.That(training, Has.Count.EqualTo(160));
            Assert.That(training.Intersect(validation), Is.Empty);
        });
    }

    [Test]
    public void The_split_depends_on_the_seed_but_not_on_the_order_of_the_rows()
    {
        HashSet<string> Validation(IEnumerable<string> rows, ulong seed) =>
            [.. DataSplit.ByPrompt([.. rows], row => row, 0.2, seed).Validation];
        HashSet<string> first = Validation(Rows, 1);
        Assert.Multiple(() =>
        {
            Assert.That(Validation(Rows.Reverse(), 1), Is.EquivalentTo(first));
            Assert.That(Validation(Rows, 2), Is.Not.EquivalentTo(first));
            Assert.That(Validation(Rows.Append("another prompt"), 1).Intersect(first).Count(), Is.GreaterThanOrEqualTo(19), "one more prompt moves one at most");
        });
    }

    [TestCase(0.001, 1)]
    [TestCase(0.999, 99)]
    public void Both_sides_have_a_prompt_at_least(double fraction, int prompts) => Assert.That(
        DataSplit.ByPrompt(Rows, row => row, fraction, 1).Validation.Distinct().Count(), Is.EqualTo(prompts));

    [Test]
    public void What_cannot_be_split_is_refused() => Assert.Multiple(() =>
    {
        Assert.That(() => DataSplit.ByPrompt(["a", "a"], row => row, 0.5, 1), Throws.ArgumentException.With.Message.Contains("Fewer than two different prompts cannot be split"));
        Assert.That(() => DataSplit.ByPrompt(Rows, row => row, 1, 1), Throws.TypeOf<ArgumentOutOfRangeException>());
    });
}
