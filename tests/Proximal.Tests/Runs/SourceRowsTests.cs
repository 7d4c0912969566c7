using NUnit.Framework;
using Proximal.Data;
using Proximal.Data.Formats;
using Proximal.Runs;
using Proximal.Tests.Data.Sources;

namespace Proximal.Tests.Runs;

/// <summary>What an epoch takes of several sources.</summary>
public sealed class SourceRowsTests
{
    [Test]
    public void Without_weights_an_epoch_has_every_row_once() => Assert.That(Epoch(SourceMixing.Under, 1, (3, null), (2, null)), Is.EqualTo("a0 a1 a2 b0 b1"));

    [TestCase(SourceMixing.Under, "100 100")]
    [TestCase(SourceMixing.Over, "1000 1000")]
    public void Equal_weights_take_as_many_of_each(SourceMixing mixing, string counts) => Assert.That(Counts(Epoch(mixing, 1, (1000, 1), (100, 1))), Is.EqualTo(counts));

    [TestCase(SourceMixing.Under, "900 100")]
    [TestCase(SourceMixing.Over, "1000 111")]
    public void Weights_are_shares_of_the_epoch(SourceMixing mixing, string counts) => Assert.That(Counts(Epoch(mixing, 1, (1000, 0.9), (100, 0.1))), Is.EqualTo(counts));

    [Test]
    public void No_row_is_taken_twice_before_every_other_one()
    {
        string[] epoch = Epoch(SourceMixing.Over, 3, (10, 1), (4, 1)).Split(' ');
        Assert.That(epoch.Where(row => row[0] == 'b').GroupBy(row => row).Select(row => row.Count()), Is.EquivalentTo(new[] { 2, 2, 3, 3 }));
        Assert.That(epoch.Where(row => row[0] == 'a'), Is.Unique);
    }

    [Test]
    public void The_seed_draws_which_rows_and_nothing_else_does()
    {
        string one = Epoch(SourceMixing.Under, 1, (1000, 1), (100, 1));
        Assert.That(Epoch(SourceMixing.Under, 1, (1000, 1), (100, 1)), Is.EqualTo(one));
        Assert.That(Epoch(SourceMixing.Under, 2, (1000, 1), (100, 1)), Is.Not.EqualTo(one));
    }

    [Test]
    public void A_split_comes_before_the_mixing()
    {
        SftDataOptions options = Options(SourceMixing.Over, (20, 1), (10, 1));
        (SourceRows<string> training, IReadOnlyList<string> validation) = Rows(options, 20, 10).Split(new SupervisedValidationOptions { Fraction = 0.3 }, row => row[1..]);
        var notes = new List<string>();
        IReadOnlyList<string> epoch = training.Epoch(1, notes);
        Assert.Multiple(() =>
        {
            Assert.That(epoch.Select(row => row[1..]).Intersect(validation.Select(row => row[1..])), Is.Empty);
            Assert.That(validation, Is.Unique);
            Assert.That(notes[1], Does.Match(@"^b\.jsonl: an epoch has \d+ of its \d+ rows, by weight 1$"));
        });
    }

    [Test]
    public void Sources_that_contradict_themselves_are_refused() => Assert.Multiple(() =>
    {
        Refused(new SftDataOptions(), "Expected either path");
        Refused(new SftDataOptions { Path = "a", Sources = [new DataSourceOptions { Path = "b" }] }, "Expected either path");
        Refused(Options(SourceMixing.Under, (1, 1), (1, null)), "Some sources have a weight and some have none");
        Refused(Options(SourceMixing.Under, (1, 0)), "above 0");
        Refused(new SftDataOptions { Sources = [new DataSourceOptions { Path = "b" }], Dataset = "x" }, "give each its own dataset");
        Assert.That(() => new PromptsOptions { Path = "a", TooLong = TooLong.Cut }.Validate(), Throws.ArgumentException.With.Message.Contains("is not cut"));
    });

    [Test]
    public void Rows_that_cannot_be_used_end_the_reading_or_are_left_out_and_counted()
    {
        using var folder = new DataFolder();
        string path = folder.Write("a.jsonl", """{"text":"a"}""" + "\n{\n" + """{"text":""}""" + "\n" + """{"text":"b"}""");
        var notes = new List<string>();
        Assert.Multiple(() =>
        {
            Assert.That(() => Read(UnusableRows.Refuse), Throws.TypeOf<DataFileException>().With.Message.Contains("a.jsonl:2"));
            Assert.That(Read(UnusableRows.Drop), Is.EqualTo(new[] { "a", "b" }));
            Assert.That(notes.Single(), Does.StartWith("2 rows that cannot be used were left out; the first: ").And.Contain("a.jsonl:2: the line is not JSON"));
            Assert.That(() => Read(UnusableRows.Drop, folder.Write("b.jsonl", "{\n")), Throws.TypeOf<DataFileException>().With.Message.Contains("b.jsonl:1"), "nothing is left");
        });

        IEnumerable<string> Read(UnusableRows unusable, string? other = null) => SourceRows<SftExample>.Read(
            new SftDataOptions { Path = other ?? path, Unusable = unusable }, file => file, RowNames.None, source => SftFile.Stream(source), notes).All.Select(example => example.Response);
    }

    private static void Refused(SftDataOptions options, string says) => Assert.That(options.Validate, Throws.InstanceOf<ArgumentException>().With.Message.Contains(says));

    private static string Counts(string epoch) => string.Join(' ', epoch.Split(' ').GroupBy(row => row[0]).Select(source => source.Count()));

    private static string Epoch(SourceMixing mixing, ulong seed, params (int Rows, double? Weight)[] sources) =>
        string.Join(' ', Rows(Options(mixing, sources), [.. sources.Select(source => source.Rows)]).Epoch(seed, []));

    private static SourceRows<string> Rows(SftDataOptions options, params int[] counts) =>
        SourceRows<string>.Read(options, path => path, RowNames.None, source => Enumerable.Range(0, counts[source.Path[0] - 'a']).Select(row => $"{source.Path[0]}{row}"), []);

    private static SftDataOptions Options(SourceMixing mixing, params (int Rows, double? Weight)[] sources) => new()
    {
        Mixing = mixing,
        Sources = [.. sources.Select((source, i) => new DataSourceOptions { Path = $"{(char)('a' + i)}.jsonl", Weight = source.Weight })],
    };
}
