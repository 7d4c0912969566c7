using NUnit.Framework;
using Proximal.Data;

namespace Proximal.Tests.Data;

public sealed class PromptSamplerTests
{
    private static readonly Prompt[] Ten = [.. Enumerable.Range(0, 10).Select(i => new Prompt { Text = $"{i}" })];

    [Test]
    public void Every_pass_hands_out_every_prompt_once_in_another_order()
    {
        var sampler = new PromptSampler(Ten, seed: 1);
        string[] first = Texts(sampler, 10);
        string[] second = Texts(sampler, 10);
        Assert.Multiple(() =>
        {
            Assert.That(first, Is.EquivalentTo(Ten.Select(prompt => prompt.Text)));
            Assert.That(second, Is.EquivalentTo(first));
            Assert.That(second, Is.Not.EqualTo(first));
            Assert.That(first, Is.Not.EqualTo(Ten.Select(prompt => prompt.Text)));
        });
    }

    [Test]
    public void The_order_depends_on_the_seed_alone_and_the_cursor_is_the_whole_state()
    {
        var sampler = new PromptSampler(Ten, seed: 5);
        string[] all = Texts(sampler, 27);
        var again = new PromptSampler(Ten, seed: 5) { Cursor = 8 };
        Assert.Multiple(() =>
        {
            Assert.That(Texts(again, 3).Concat(Texts(again, 16)), Is.EqualTo(all[8..]));
            Assert.That(again.Cursor, Is.EqualTo(27));
            Assert.That(Texts(new PromptSampler(Ten, seed: 6), 27), Is.Not.EqualTo(all));
        });
        again.Cursor = 0;
        Assert.That(Texts(again, 27), Is.EqualTo(all), "a cursor can go back over passes");
    }

    [Test]
    public void No_prompts_are_refused() => Assert.That(() => new PromptSampler([], 1), Throws.ArgumentException);

    private static string[] Texts(PromptSampler sampler, int count) => [.. sampler.Next(count).Select(prompt => prompt.Text!)];
}
