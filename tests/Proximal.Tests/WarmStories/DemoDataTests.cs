using NUnit.Framework;
using Proximal.Data;
using Proximal.WarmStories;
using Proximal.WarmStories.Report;

namespace Proximal.Tests.WarmStories;

/// <summary>The rows that a demo reads, and the simple rules that its reward model is compared with.</summary>
public sealed class DemoDataTests
{
    private const string Train = """{"prompt":"a","chosen":"b","rejected":"c","lacks":"act","split":"train"}""";
    private const string Train2 = """{"prompt":"b","chosen":"b","rejected":"c","lacks":"act","split":"train"}""";

    private TinyDemo _tiny = null!;

    [OneTimeSetUp]
    public void Make_a_folder() => _tiny = new TinyDemo();

    [OneTimeTearDown]
    public void Remove_it() => _tiny.Dispose();

    [TestCase("""{"prompt":"a","chosen":"b","rejected":"c","lacks":"act","split":"test"}""", "rows.jsonl: the prompt 'a' is in both splits")]
    [TestCase("""{"prompt":"x","chosen":"b","rejected":"c","lacks":"act","split":"dev"}""", "rows.jsonl:3: the field 'split' is 'dev': expected train or test")]
    [TestCase("""{"prompt":"x","chosen":"b","rejected":"c","split":"test"}""", "rows.jsonl:3: the row has no field 'lacks'")]
    [TestCase("""{"prompt":"x","chosen":"b","rejected":"c","lacks":"act","split":"train"}""", "3 training and 0 test prompts")]
    public void Rows_that_cannot_be_used_are_named(string row, string expected)
    {
        string file = _tiny.Write("rows.jsonl", $"{Train}\n{Train2}\n{row}\n");
        Assert.That(() => DemoTriple.Read(file), Throws.TypeOf<DataFileException>().With.Message.Contains(expected));
    }

    [Test]
    public void The_rules_find_what_tells_the_stories_apart_and_only_that()
    {
        DemoTriple[] byWord = [.. Enumerable.Range(0, 8).Select(i => Triple($"she gave {Word(i % 3)}", $"she took {Word(i % 3)}"))];
        DemoTriple[] byLength = [.. Enumerable.Range(0, 8).Select(i => Triple(Word(i), $"{Word(i + 8)} {Word(i + 16)}"))];
        Assert.Multiple(() =>
        {
            Assert.That(DemoBaselines.Measure(byWord[..4], byWord[4..]), Is.EqualTo(new DemoBaselines(0.5, 1)), "one word tells all, the length nothing");
            Assert.That(DemoBaselines.Measure(byLength[..4], byLength[4..]), Is.EqualTo(new DemoBaselines(1, 0.5)), "the shorter one is warm, no word is known");
            Assert.That(DemoBaselines.Measure(byLength[..4], [Triple("a b", "a")]).Length, Is.Zero, "a rule can be wrong every time");
        });
    }

    [Test]
    public void The_embedded_triples_keep_what_their_page_promises()
    {
        string file = Interop.Tool.InRepository("managed", "Proximal", "WarmStories", "preferences.jsonl");
        IReadOnlyList<DemoTriple> triples = DemoTriple.Read(file);
        DemoTriple[] test = [.. triples.Where(triple => triple.IsTest)];
        using Stream carried = typeof(DemoTriple).Assembly.GetManifestResourceStream("Proximal.WarmStories.preferences.jsonl")!;
        using var bytes = new MemoryStream();
        carried.CopyTo(bytes);
        Assert.Multiple(() =>
        {
            Assert.That(bytes.ToArray(), Is.EqualTo(File.ReadAllBytes(file)), "the library carries the file");
            Assert.That((triples.Count, Prompts(triples)), Is.EqualTo((550, 270)));
            Assert.That((test.Length, Prompts(test)), Is.EqualTo((129, 64)));
            Assert.That(triples.Select(triple => triple.Lacks).Distinct(), Is.EquivalentTo(DemoTexts.Lacks.Keys));
            Assert.That(triples.SelectMany(triple => new[] { triple.Chosen, triple.Rejected }), Has.All.Matches<string>(text =>
                text.Split(' ').Length is >= 35 and <= 75 && text.All(char.IsAscii) && text == text.Trim()));
        });
    }

    private static int Prompts(IReadOnlyList<DemoTriple> triples) => triples.Select(triple => triple.Prompt).Distinct().Count();

    private static string Word(int number) => ((char)('a' + number)).ToString();

    private static DemoTriple Triple(string chosen, string rejected) => new("p", chosen, rejected, "act", IsTest: false);
}
