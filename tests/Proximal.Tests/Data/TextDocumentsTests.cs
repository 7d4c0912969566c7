using NUnit.Framework;
using Proximal.Data;
using Proximal.Tests.Models;

namespace Proximal.Tests.Data;

public sealed class TextDocumentsTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void A_text_file_is_one_document()
    {
        string path = Write("a.txt", "one\n\ntwo\n");
        Assert.That(Read(path), Is.EqualTo(new[] { new TextPart("one\n\ntwo\n", true, true, path, 1) }));
    }

    [Test]
    public void A_separator_divides_a_text_file_and_line_ends_around_it_are_no_part_of_the_documents()
    {
        string path = Write("a.md", "one\n<|end|>\n two \n\n<|end|>\r\n<|end|>three<|end|>\n");
        Assert.That(Read(path, "<|end|>"), Is.EqualTo(new[]
        {
            new TextPart("one", true, true, path, 1),
            new TextPart(" two ", true, true, path, 3),
            new TextPart("three", true, true, path, 6),
        }));
    }

    [Test]
    public void Rows_are_documents_with_their_lines()
    {
        string lines = Write("a.jsonl", "{\"story\":\"one\"}\n\n{\"story\":\"two\",\"more\":1}\n");
        string array = Write("a.json", "[{\"story\":\"one\"},\n\n{\"story\":\"two\"}]");
        (string, int)[] expected = [("one", 1), ("two", 3)];
        Assert.Multiple(() =>
        {
            Assert.That(TextDocuments.Read(lines, "story", separator: null).Select(part => (part.Text, part.Line)), Is.EqualTo(expected));
            Assert.That(TextDocuments.Read(array, "story", separator: null).Select(part => (part.Text, part.Line)), Is.EqualTo(expected));
        });
    }

    [Test]
    public void Parts_of_any_length_give_the_documents_again([Values(1, 2, 3, 7, 16, 64)] int longest, [Values(null, "==", "\n")] string? separator)
    {
        string[] documents = ["Once upon a time,\nthere was a \U0001F98A fox.\nThe end", "x", "=a=\u00e9=", "a line\nand another one\n\U0001F98A\U0001F98A\U0001F98A\U0001F98A"];
        string path = Write("a.txt", string.Join(separator ?? "|", documents));
        string[] expected = separator is null
            ? [string.Join('|', documents)]
            : string.Join(separator, documents).Split(separator);
        var found = new List<string>();
        foreach (TextPart part in TextDocuments.Read(path, "text", separator, longest))
        {
            Assert.That(part.Text.Length, Is.LessThanOrEqualTo((2 * longest) + 2));
            Assert.That(part.Text.EnumerateRunes().Contains(System.Text.Rune.ReplacementChar), Is.False, "no character is cut in two");
            if (part.Begins)
            {
                found.Add(string.Empty);
            }

            found[^1] += part.Text;
        }

        Assert.That(found, Is.EqualTo(expected));
    }

    [Test]
    public void Long_documents_are_cut_at_the_ends_of_lines()
    {
        string path = Write("a.txt", "aa\nbbb\ncc\ndddd\n");
        Assert.That(
            TextDocuments.Read(path, "text", separator: null, longestPart: 6),
            Is.EqualTo(new[]
            {
                new TextPart("aa\n", true, false, path, 1),
                new TextPart("bbb\ncc\n", false, false, path, 2),
                new TextPart("dddd\n", false, true, path, 4),
            }));
    }

    [Test]
    public void Nothing_but_white_space_is_no_document() =>
        Assert.That(Read(Write("a.txt", "\n \n\t\n")), Is.Empty);

    [TestCase("a.jsonl", "{\"txt\":\"a\"}", "a.jsonl:1: the row has no field 'text' (it has 'txt')")]
    [TestCase("a.jsonl", "\n{\"text\":\"\"}", "a.jsonl:2: the field 'text' is empty")]
    [TestCase("a.jsonl", "{\"text\":\"a\"}\n{\"text\":1}", "a.jsonl:2: the field 'text' is a JSON number")]
    [TestCase("a.jsonl", "{\"text\":\"a\"}\nb", "a.jsonl:2: the line is not JSON")]
    [TestCase("a.json", "7", "a.json:1: expected a JSON array")]
    public void A_bad_row_is_named(string name, string text, string says) => Assert.That(
        () => Read(Write(name, text)).ToArray(), Throws.TypeOf<DataFileException>().With.Message.Contains(says));

    [TestCase("a.txt")]
    [TestCase("a.jsonl")]
    public void A_file_that_is_not_there_or_no_text_is_named(string name)
    {
        Assert.That(
            () => Read(_folder[name]).ToArray(),
            Throws.TypeOf<DataFileException>().With.Message.Contains($"{name}: The text file does not exist"));
        File.WriteAllBytes(_folder[name], [(byte)'a', 0xFF, 0xFE]);
        Assert.That(
            () => Read(_folder[name]).ToArray(),
            Throws.TypeOf<DataFileException>().With.Message.Contains($"{name}:").And.Message.Contains("is not UTF-8"));
    }

    private static IEnumerable<TextPart> Read(string path, string? separator = null) => TextDocuments.Read(path, "text", separator);

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }
}
