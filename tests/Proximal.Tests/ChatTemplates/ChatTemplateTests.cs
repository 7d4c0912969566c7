using System.Diagnostics;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Proximal.ChatTemplates;

namespace Proximal.Tests.ChatTemplates;

public sealed class ChatTemplateTests
{
    private const string ChatMl =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    [Test]
    public void A_conversation_renders_with_and_without_the_prompt()
    {
        ChatTemplate template = ChatTemplate.Parse(ChatMl);
        ChatRequest request = Conversation(("user", "Hi"));
        Assert.Multiple(() =>
        {
            Assert.That(template.Render(request).Text, Is.EqualTo("<|im_start|>user\nHi<|im_end|>\n"));
            Assert.That(
                template.Render(request with { AddGenerationPrompt = true }).Text,
                Is.EqualTo("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"));
            Assert.That(template.TracksGeneration, Is.False);
        });
    }

    [Test]
    public void What_a_message_says_is_text_and_never_template()
    {
        string hostile = "{{ 7 * 7 }}{% for i in range(9) %}x{% endfor %}";
        Assert.That(ChatTemplate.Parse(ChatMl).Render(Conversation(("user", hostile))).Text, Does.Contain(hostile));
    }

    [Test]
    public void An_error_names_its_line()
    {
        ChatTemplateException failure = Fails("a\nb\n{{ missing.x }}\n");
        Assert.That((failure.Kind, failure.Line), Is.EqualTo((ChatTemplateErrorKind.Undefined, 3)));
        Assert.That(failure.Message, Is.EqualTo("line 3: 'missing' is undefined"));
    }

    // Each of these would take hours or all memory if it were let.
    [TestCase("{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}")]
    [TestCase("{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}")]
    [TestCase("{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}")]
    [TestCase("{{ 'x' * 99999999999 }}")]
    [TestCase("{{ [0] * 99999999999 }}")]
    [TestCase("{{ 9 ** 99999999 }}")]
    [TestCase("{{ '%999999999d' % 1 }}")]
    [TestCase("{{ '{:>999999999}'.format(1) }}")]
    [TestCase("{{ 'a'.ljust(999999999) }}")]
    [TestCase("{{ 'a' | center(999999999) }}")]
    [TestCase("{{ ('a' * 9999999).replace('a', 'b' * 9999999) }}")]
    [TestCase("{{ ('a\\n' * 1000000) | indent(1000000) }}")]
    [TestCase("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")]
    [TestCase("{% for n in [1] recursive %}{{ loop([1]) }}{% endfor %}")]
    [TestCase("{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}")]
    [TestCase("{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l | tojson }}")]
    [TestCase("{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}")]
    [TestCase("{% set s = 'ab' * 8000000 %}{% for i in range(99999) %}{% if s[i] == 'x' %}{% endif %}{% endfor %}")]
    [TestCase("{% set s = 'ab' * 8000000 %}{% set t = 'ab' * 2000000 ~ 'aa' %}{{ s.count(t) }}{{ t in s }}")]
    [TestCase("{% set a = 'x' * 9999999 %}{% set b = 'x' * 9999999 %}{{ ([a] * 99999) == ([b] * 99999) }}")]
    [TestCase("{% set ns = namespace(a=[], b=[]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}")]
    [TestCase("{% set ns = namespace(t=()) %}{% for i in range(60) %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}{{ {ns.t: 1} }}")]
    [TestCase("{{ (['ab' * 99] * 99999) | sum(start='') }}")]
    [TestCase("{% set n = 3 ** 40000 %}{% for i in range(99999) %}{% if n * 7 is odd %}{% endif %}{% endfor %}")]
    [TestCase("{% for i in range(99999) %}{% for k in range(99) %}{{ range(99999)[7] }}{% endfor %}{% endfor %}")]
    public void A_bomb_is_stopped_in_seconds(string source)
    {
        var watch = Stopwatch.StartNew();
        ChatTemplateException failure = Fails(source);
        Assert.That(failure.Kind, Is.EqualTo(ChatTemplateErrorKind.Limit), failure.Message);
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(60)), "it was stopped, but only after it had run");
    }

    [TestCase(20_000, '(')]
    [TestCase(200_000, '[')]
    [TestCase(200_000, '-')]
    public void An_expression_nested_too_deeply_is_refused(int depth, char open)
    {
        ChatTemplateException failure = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{{ " + new string(open, depth) + " }}"));
        Assert.That(failure.Kind, Is.AnyOf(ChatTemplateErrorKind.Limit, ChatTemplateErrorKind.Syntax));
    }

    [Test]
    public void A_chain_too_long_to_evaluate_is_refused()
    {
        string chain = string.Join('+', Enumerable.Repeat("1", 300_000));
        Assert.That(Fails("{{ " + chain + " }}").Kind, Is.EqualTo(ChatTemplateErrorKind.Limit));
    }

    [TestCase("{{ [].__class__.__base__ }}")]
    [TestCase("{{ messages.append(1) }}")]
    [TestCase("{{ messages[0].update({'content': 'x'}) }}")]
    [TestCase("{{ ''.__class__.__mro__ }}")]
    [TestCase("{{ ('{0.__class__.__mro__}').format('') }}")]
    [TestCase("{% set ns = namespace() %}{% set ns.__class__ = 1 %}")]
    public void The_sandbox_holds(string source) =>
        Assert.That(Fails(source).Kind, Is.EqualTo(ChatTemplateErrorKind.Security));

    [Test]
    public void A_request_that_is_no_conversation_says_where()
    {
        ChatTemplate template = ChatTemplate.Parse(ChatMl);
        Assert.Multiple(() =>
        {
            Assert.That(
                () => template.Render(new ChatRequest { Messages = JsonSerializer.SerializeToElement("Hi") }),
                Throws.TypeOf<ChatTemplateException>().With.Message.Contains("messages: expected an array, got String"));
            Assert.That(
                () => template.Render(new ChatRequest { Messages = JsonSerializer.SerializeToElement(new object[] { new { role = "user", content = "x" }, 3 }) }),
                Throws.TypeOf<ChatTemplateException>().With.Message.Contains("messages[1]: expected an object, got Number"));
            Assert.That(
                () => template.Render(Conversation(("user", "Hi")) with { AddGenerationPrompt = true, ContinueFinalMessage = true }),
                Throws.ArgumentException);
        });
    }

    [Test]
    public void Generation_spans_hold_what_the_assistant_says()
    {
        ChatTemplate template = ChatTemplate.Parse(
            "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}.{% endgeneration %}{% else %}[{{ m.content }}]{% endif %}{% endfor %}");
        RenderedChat chat = template.Render(Conversation(("user", "a"), ("assistant", "b 🙂"), ("user", "c"), ("assistant", "")));
        Assert.That(template.TracksGeneration);
        Assert.That(chat.GenerationSpans.Select(span => chat.Text[span.Start..span.End]), Is.EqualTo(new[] { "b 🙂.", "." }));
    }

    /// <summary>Templates put together from pieces of Jinja, sensible or not: a text or a clean error, never anything else.</summary>
    [Test]
    public void Any_template_renders_or_fails_cleanly()
    {
        string[] pieces =
        [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", " if ", " else ", " endif ", " for ", " in ", " endfor ", " set ", "=", "(", ")", "[", "]", "{", "}",
            ":", ",", ".", "|", "~", "messages", "m", "x", "loop", " is ", " not ", "defined", "upper", "map", "tojson", "join", "'a'", "\"b", "1", "2.5", "0x", "**",
            "//", "%", "==", "<", " macro ", " endmacro ", " call ", " endcall ", " filter ", " generation ", " endgeneration ", " raw ", " endraw ", "\n", "é🙂", "\\",
            " break ", " continue ", " recursive ", "range", "namespace", "true", "none", " and ", " or ", " with ", " block ", "__class__", "*", "**x",
        ];
        Gen<string> templates = Gen.Elements(pieces).ArrayOf().Select(string.Concat);
        ChatRequest request = Conversation(("user", "Hi"), ("assistant", "Ho"));
        int rendered = 0;
        Prop.ForAll(templates.ToArbitrary(), source =>
        {
            try
            {
                ChatTemplate.Parse(source).Render(request);
                rendered++;
            }
            catch (ChatTemplateException)
            {
                // refused with a reason
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000).WithEndSize(40));
        Assert.That(rendered, Is.GreaterThan(250), "most were refused: the pieces test only the parser");
    }

    private static ChatTemplateException Fails(string source) =>
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source).Render(Conversation(("user", "Hi"))))!;

    private static ChatRequest Conversation(params (string Role, string Content)[] messages) => new()
    {
        Messages = JsonSerializer.SerializeToElement(messages.Select(message => new { role = message.Role, content = message.Content })),
    };
}
