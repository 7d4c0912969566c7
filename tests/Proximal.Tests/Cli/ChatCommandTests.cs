using System.Text.Json;
using NUnit.Framework;

namespace Proximal.Tests.Cli;

/// <summary><c>proximal chat</c>, <c>proximal info</c> and rows of messages, on a tiny model with a chat template.</summary>
public sealed class ChatCommandTests
{
    private const string Template = "{% for m in messages %}{{ m.content }} {% endfor %}{% if add_generation_prompt %}a{% endif %}";
    private TinyFolder _folder = null!;

    [OneTimeSetUp]
    public void Write()
    {
        _folder = new TinyFolder();
        File.WriteAllText(Path.Combine(_folder.Model, "chat_template.jinja"), Template);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void Every_line_is_answered_until_quit()
    {
        CliRun run = CliRun.Of("ab\n\n/reset\n/what\nab\n/quit\nab\n", "chat", _folder.Model, "--temperature", "0", "--max-new-tokens", "4", "--threads", "1");
        Assert.That(run.Code, Is.Zero, run.Error);
        string[] answers = run.Output.TrimEnd('\n').Split('\n');
        Assert.That(answers, Has.Length.EqualTo(2));
        Assert.That(answers[1], Is.EqualTo(answers[0]), "after /reset the same line has the same answer");
        Assert.That(run.Error, Does.Contain("/what is no command"));
    }

    [Test]
    public void A_conversation_that_fills_the_context_says_so()
    {
        CliRun run = CliRun.Of(new string('a', 500) + "\n", "chat", _folder.Model, "--threads", "1");
        Assert.That(run.Code, Is.EqualTo(3));
        Assert.That(run.Error, Does.Contain("/reset begins anew"));
    }

    [Test]
    public void A_model_without_a_template_cannot_chat()
    {
        using var other = new TinyFolder();
        CliRun run = CliRun.Of("a\n", "chat", other.Model);
        Assert.That((run.Code, run.Error), Is.EqualTo((3, $"error: {other.Model} has no chat template: `proximal generate` works without one\n")));
    }

    [Test]
    public void Rows_of_messages_are_written_by_the_template()
    {
        const string Row = """{"id":1,"messages":[{"role":"user","content":"b"}]}""";
        CliRun generated = CliRun.Of(Row, "generate", "-m", _folder.Model, "-i", "-", "--max-new-tokens", "1", "--threads", "1");
        CliRun prompted = CliRun.Of("""{"text":"b a"}""", "tokenize", "-m", _folder.Model, "-i", "-", "--no-special");
        Assert.That(generated.Code, Is.Zero, generated.Error);
        Assert.That(generated.Rows[0].GetProperty("prompt_tokens").ToString(), Is.EqualTo(prompted.Rows[0].GetProperty("ids").ToString()));
        CliRun scored = CliRun.Of(Row + "\n{\"messages\":[]}\n{\"messages\":[{\"role\":\"user\"}],\"text\":\"a\"}", "score", "-m", _folder.Model, "-i", "-", "--threads", "1");
        Assert.That(scored.Code, Is.EqualTo(3));
        Assert.That(scored.Rows[0].GetProperty("tokens").GetArrayLength(), Is.EqualTo(3), "\u2581 b \u2581");
        Assert.That(scored.Rows[1].GetProperty("error").GetString(), Does.Contain("'messages' is empty"));
        Assert.That(scored.Rows[2].GetProperty("error").GetString(), Does.Contain("are both given"));
    }

    [Test]
    public void A_last_message_of_the_assistant_is_continued()
    {
        const string Row = """{"messages":[{"role":"user","content":"b"},{"role":"assistant","content":"cd"}]}""";
        CliRun generated = CliRun.Of(Row, "generate", "-m", _folder.Model, "-i", "-", "--max-new-tokens", "1", "--threads", "1");
        CliRun prompted = CliRun.Of("""{"text":"b cd"}""", "tokenize", "-m", _folder.Model, "-i", "-", "--no-special");
        Assert.That(generated.Rows[0].GetProperty("prompt_tokens").ToString(), Is.EqualTo(prompted.Rows[0].GetProperty("ids").ToString()));
    }

    [Test]
    public void Info_says_what_a_model_is()
    {
        CliRun run = CliRun.Of(string.Empty, "info", _folder.Model, "--json");
        Assert.That(run.Code, Is.Zero, run.Error);
        JsonElement facts = run.Rows[0];
        Assert.Multiple(() =>
        {
            Assert.That(facts.GetProperty("family").GetString(), Is.EqualTo("llama"));
            Assert.That(facts.GetProperty("format").GetString(), Is.EqualTo("safetensors"));
            Assert.That(facts.GetProperty("supported").GetString(), Is.EqualTo("yes"));
            Assert.That(facts.GetProperty("chat_template").GetString(), Is.EqualTo("yes"));
            Assert.That(facts.GetProperty("tokenizer").GetString(), Does.StartWith("BPE, "));
            Assert.That(facts.GetProperty("weight_bytes").GetInt64(), Is.EqualTo(4 * facts.GetProperty("parameters").GetInt64()));
        });
    }

    [Test]
    public void Info_says_why_a_model_is_not_supported()
    {
        using var other = new TinyFolder();
        string config = Path.Combine(other.Model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"llama\"", "\"mamba\"", StringComparison.Ordinal));
        CliRun run = CliRun.Of(string.Empty, "info", other.Model);
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Match("supported +no\n").And.Match("reason .*'model_type'"));
    }
}
