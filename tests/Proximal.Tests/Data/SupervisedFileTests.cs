using NUnit.Framework;
using Proximal.Data;
using Proximal.Tests.Models;

namespace Proximal.Tests.Data;

/// <summary>Rows for supervised fine-tuning and preferences: what is read, and what is said of what cannot be.</summary>
public sealed class SupervisedFileTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void Examples_are_pairs_or_texts()
    {
        string path = Write("a.jsonl", "{\"prompt\":\"p\",\"response\":\"r\",\"more\":1}\n\n{\"text\":\"t\",\"prompt\":null}\n");
        IReadOnlyList<SftExample> examples = SftFile.Read(path);
        Assert.Multiple(() =>
        {
            Assert.That(examples.Select(example => (example.Prompt, example.Response)), Is.EqualTo(new (string?, string)[] { ("p", "r"), (null, "t") }));
            Assert.That(examples.Select(example => example.Source), Is.EqualTo(new[] { "a.jsonl:1", "a.jsonl:3" }));
        });
    }

    [Test]
    public void An_array_is_read_with_its_own_field_names_and_lines()
    {
        string path = Write("a.json", "[\n  {\"q\": \"p\", \"good\": \"c\", \"bad\": \"r\",\n   \"by\": 2},\n\n  {\"q\": \"p2\", \"good\": \"same\", \"bad\": \"same\"}\n, {\"q\":\"p3\",\"good\":\"x\",\"bad\":\"y\"}]\n");
        var fields = new PreferenceFields { Prompt = "q", Chosen = "good", Rejected = "bad", Margin = "by" };
        IReadOnlyList<PreferencePair> pairs = PreferenceFile.Read(path, out int identical, fields);
        Assert.Multiple(() =>
        {
            Assert.That(identical, Is.EqualTo(1), "a pair of equal answers says nothing");
            Assert.That(pairs.Select(pair => (pair.Prompt, pair.Chosen, pair.Rejected, pair.Margin, pair.Line)), Is.EqualTo(
                new (string, string, string, double, int?)[] { ("p", "c", "r", 2, 2), ("p3", "x", "y", 0, 6) }));
        });
    }

    [TestCase("a.jsonl", "{\"prompt\":\"p\"}", "a.jsonl:1: the row has no field 'response' (it has 'prompt')")]
    [TestCase("a.jsonl", "{\"prompt\":\"p\",\"response\":\"r\"}\n{\"prompt\":\"p\",\"response\":7}", "a.jsonl:2: the field 'response' is a JSON number: expected a string")]
    [TestCase("a.jsonl", "{\"prompt\":\"p\",\"response\":\"\"}", "a.jsonl:1: the field 'response' is empty")]
    [TestCase("a.jsonl", "{\"prompt\":\"p\",\"response\":\"r\",\"text\":\"t\"}", "a.jsonl:1: the row has both 'text' and 'prompt'")]
    [TestCase("a.jsonl", "{}", "a.jsonl:1: the row has no field 'prompt' (it has none)")]
    [TestCase("a.jsonl", "[1]", "a.jsonl:1: expected a JSON object such as {\"prompt\"")]
    [TestCase("a.jsonl", "{\"prompt\"", "a.jsonl:1: the line is not JSON")]
    [TestCase("a.jsonl", "\n\n", "the file has no rows")]
    [TestCase("a.json", "5", "a.json:1: expected a JSON array of objects")]
    [TestCase("a.json", "{\"text\":\"t\"}\n{\"text\"", "a.json:2: the line is not JSON")]
    [TestCase("a.json", "[\n{\"text\":\"t\"},\n5]", "a.json:3: expected a JSON object such as")]
    [TestCase("a.json", "[{\"text\":\"t\"}\n{\"text\":\"t\"}]", "a.json:2: the file is not JSON from here on")]
    [TestCase("a.json", "[{\"text\":\"t\"}] [", "a.json:1: the file is not JSON from here on")]
    [TestCase("a.json", "[]", "the file has no rows")]
    [TestCase("a.json", "", "a.json:1: the file is not JSON from here on")]
    [TestCase("a.txt", "t", "rows are read from .jsonl, .ndjson, .json, .csv, .tsv and .parquet files (but for .parquet also with .gz or .zst behind), not from '.txt'")]
    [TestCase("a.jsonl", "{\"text\":\"\\ud800\"}", "a.jsonl:1: the field 'text' holds half a surrogate pair")]
    public void A_bad_example_is_named(string name, string text, string says) => Assert.That(
        () => SftFile.Read(Write(name, text)), Throws.TypeOf<DataFileException>().With.Message.Contains(says));

    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\"}", "a.jsonl:1: the row has no field 'rejected'")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\",\"margin\":\"x\"}", "a.jsonl:1: the field 'margin' is a JSON string: expected a finite number")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\",\"margin\":-1}", "a.jsonl:1: the field 'margin' is -1: expected at least 0; swap the answers")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\",\"margin\":1e999}", "a.jsonl:1: the field 'margin' is 1e999")]
    [TestCase("{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"c\"}", "in all 1 rows both answers are the same")]
    public void A_bad_pair_is_named(string text, string says) => Assert.That(
        () => PreferenceFile.Read(Write("a.jsonl", text), out _), Throws.TypeOf<DataFileException>().With.Message.Contains(says));

    [Test]
    public void A_file_that_is_not_there_and_one_that_is_no_text_are_named()
    {
        File.WriteAllBytes(_folder["b.jsonl"], [0x7B, 0xFF, 0x7D]);
        Assert.Multiple(() =>
        {
            Assert.That(() => SftFile.Read(_folder["none.jsonl"]), Throws.TypeOf<DataFileException>().With.Message.Contains("none.jsonl: The file of examples does not exist"));
            Assert.That(() => SftFile.Read(_folder["b.jsonl"]), Throws.TypeOf<DataFileException>().With.Message.Contains("is not UTF-8"));
            Assert.That(() => SftFile.Read(_folder["none.jsonl"], new SftFields { Text = " " }), Throws.ArgumentException.With.Message.Contains("Text is empty"));
        });
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }
}
