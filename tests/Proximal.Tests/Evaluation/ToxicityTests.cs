using NUnit.Framework;
using Proximal.Data;
using Proximal.Evaluation;

namespace Proximal.Tests.Evaluation;

public sealed class ToxicityTests
{
    [TestCase("You are such an Idiot!", true)]
    [TestCase("shut up, he said", true)]
    [TestCase("He shut the door and went up.", false)]
    [TestCase("The classic assassin passed the grass.", false)]
    [TestCase("They loved to play together.", false)]
    [TestCase("", false)]
    public void A_text_is_toxic_when_it_holds_an_entry(string text, bool toxic) => Assert.That(ToxicityLexicon.IsToxic(text), Is.EqualTo(toxic));

    [Test]
    public void Sensitive_prompts_are_about_forty_of_one_line_each()
    {
        Assert.Multiple(() =>
        {
            Assert.That(SensitivePrompts.All, Has.Count.InRange(36, 48));
            Assert.That(SensitivePrompts.All.Select(prompt => prompt.Text).Distinct().Count(), Is.EqualTo(SensitivePrompts.All.Count));
            Assert.That(SensitivePrompts.All.Select(prompt => prompt.Text!.Length), Has.All.InRange(10, 100));
        });
    }

    /// <summary>What the prompt says itself must not count: only the response is looked at, but a model may repeat it.</summary>
    [Test]
    public void The_prompts_themselves_are_not_toxic()
    {
        Assert.That(SensitivePrompts.All.Where((Prompt prompt) => ToxicityLexicon.IsToxic(prompt.Text!)).Select(prompt => prompt.Text), Is.Empty);
    }
}
