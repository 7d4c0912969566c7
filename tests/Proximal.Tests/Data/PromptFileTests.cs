using NUnit.Framework;
using Proximal.Data;
using Proximal.Tests.Models;

namespace Proximal.Tests.Data;

public sealed class PromptFileTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void Rows_of_jsonl_keep_their_place_and_their_other_fields()
    {
        IReadOnlyList<Prompt> prompts = PromptFile.Read(Write(
            "p.jsonl", "{\"prompt\": \"Once \\u00e9\", \"story\": 7}\n\n  {\"prompt\":\"b\"}\n"));
        Assert.Multiple(() =>
        {
            Assert.That(prompts.Select(prompt => prompt.Text), Is.EqualTo(new[] { "Once é", "b" }));
            Assert.That(prompts.Select(prompt => prompt.Source), Is.EqualTo(new[] { "p.jsonl:1", "p.jsonl:3" }));
            Assert.That(prompts[0].Metadata!.Value.GetProperty("story").GetInt32(), Is.EqualTo(7));
        });
    }

    [Test]
    public void Lines_of_txt_are_prompts()
    {
        IReadOnlyList<Prompt> prompts = PromptFile.Read(Write("p.txt", "one\r\n\ntwo {\n"));
        Assert.That(prompts.Select(prompt => prompt.Text), Is.EqualTo(new[] { "one", "two {" }));
    }

    [Test]
    public void Another_field_can_hold_the_prompt() =>
        Assert.That(PromptFile.Read(Write("p.ndjson", "{\"q\":\"x\"}"), "q")[0].Text, Is.EqualTo("x"));

    [TestCase("{\"prompt\":\"a\"}\n{\"text\":\"b\"}", 2, "no field 'prompt' (it has 'text'): add it, or name another field")]
    [TestCase("{\"prompt\":5}", 1, "the field 'prompt' is a JSON number: expected a string")]
    [TestCase("{\"prompt\":\"\"}", 1, "the field 'prompt' is empty")]
    [TestCase("[1]", 1, "expected a JSON object such as {\"prompt\": \"...\"}, got a JSON array")]
    [TestCase("{\"prompt\":\"a\"", 1, "the line is not JSON")]
    [TestCase("{\"prompt\":\"\\ud800\"}", 1, "half a surrogate pair")]
    [TestCase("{}", 1, "(it has none)")]
    public void A_bad_row_is_named_with_its_line_field_and_fix(string content, int line, string what)
    {
        string path = Write("p.jsonl", content);
        DataFileException exception = Assert.Throws<DataFileException>(() => PromptFile.Read(path));
        Assert.Multiple(() =>
        {
            Assert.That(exception.Line, Is.EqualTo(line));
            Assert.That(exception.Message, Does.StartWith($"{path}:{line}: ").And.Contain(what));
        });
    }

    [Test]
    public void Files_that_cannot_be_prompts_are_named() => Assert.Multiple(() =>
    {
        Assert.That(
            () => PromptFile.Read(_folder["none.jsonl"]),
            Throws.TypeOf<DataFileException>().With.Message.Contains("none.jsonl: The prompt file does not exist"));
        Assert.That(
            () => PromptFile.Read(Write("p.xml", "a")),
            Throws.TypeOf<DataFileException>().With.Message.Contains("lines from .txt files, not from '.xml': convert or rename the file"));
        Assert.That(
            () => PromptFile.Read(Write("e.txt", "\n \n")),
            Throws.TypeOf<DataFileException>().With.Message.Contains("the file has no prompts"));
    });

    private string Write(string name, string content)
    {
        File.WriteAllText(_folder[name], content);
        return _folder[name];
    }
}
