using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Tests.Golden;

namespace Proximal.Tests.ChatTemplates;

/// <summary>Templates and fragments as transformers renders them: every text, error and span must be the same.</summary>
public sealed class ChatTemplateGoldenTests
{
    [TestCaseSource(nameof(Cases))]
    public void Golden_template_renders_as_transformers_does(GoldenRender expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        try
        {
            RenderedChat rendered = expected.Render();
            expected.CheckText(rendered);
        }
        catch (ChatTemplateException failure)
        {
            expected.CheckFailure(failure);
        }
    }

    [Test]
    public void Golden_chat_templates_are_all_accounted_for()
    {
        GoldenRoots.Demand(GoldenKind.ChatTemplate);
        GoldenRender[] found = [.. GoldenRender.Find()];
        TestContext.Out.WriteLine(
            $"chat templates: {found.Length} cases, {found.Count(render => render.FailureKind is not null)} of them errors");
        Assert.That(found, Is.Not.Empty);
    }

    private static IEnumerable<TestCaseData> Cases() =>
        GoldenRender.Find().Select(render => new TestCaseData(render).SetName($"Golden_template_renders_as_transformers_does({render.Name})"));
}
