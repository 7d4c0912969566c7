using NUnit.Framework;
using Proximal.Data.Checking;

namespace Proximal.Tests.Data.Checking;

/// <summary>The sample is bounded, takes prompts whole, and does not depend on the order of the rows.</summary>
public sealed class RowSampleTests
{
    [Test]
    public void Few_rows_are_all_kept() => Assert.That(Sample(10, Enumerable.Range(0, 10)), Has.Count.EqualTo(10));

    [Test]
    public void Of_many_rows_whole_prompts_are_kept_whatever_their_order()
    {
        int[] prompts = [.. Enumerable.Range(0, 3000).Select(i => i % 300)];
        IReadOnlyList<SampledRow> forwards = Sample(500, prompts);
        IReadOnlyList<SampledRow> backwards = Sample(500, prompts.Reverse());
        Assert.Multiple(() =>
        {
            Assert.That(forwards, Has.Count.InRange(100, 500));
            Assert.That(forwards.GroupBy(row => row.Prompt).Select(prompt => prompt.Count()), Is.All.EqualTo(10));
            Assert.That(backwards.Select(row => row.Prompt), Is.EquivalentTo(forwards.Select(row => row.Prompt)));
        });
    }

    [Test]
    public void One_prompt_with_too_many_rows_is_cut() => Assert.That(Sample(50, Enumerable.Repeat(3, 400)), Has.Count.EqualTo(50));

    private static IReadOnlyList<SampledRow> Sample(int capacity, IEnumerable<int> prompts)
    {
        var sample = new RowSample(capacity);
        foreach (int prompt in prompts)
        {
            sample.Add(new SampledRow(TextKey.Of($"{prompt}"), null, [], false));
        }

        return sample.Rows;
    }
}
