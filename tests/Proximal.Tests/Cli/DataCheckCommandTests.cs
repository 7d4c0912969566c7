using System.Text.Json;
using NUnit.Framework;

namespace Proximal.Tests.Cli;

/// <summary><c>proximal data check</c>: what it prints, and what it returns.</summary>
public sealed class DataCheckCommandTests
{
    private const string Clean =
        "{\"prompt\":\"p one\",\"chosen\":\"a b c\",\"rejected\":\"d e\",\"split\":\"train\"}\n{\"prompt\":\"p two\",\"chosen\":\"f\",\"rejected\":\"g h\",\"split\":\"test\"}\n";

    private const string Flawed = "{\"prompt\":\"p\",\"chosen\":\"same\",\"rejected\":\"same\"}\n";

    private TinyFolder _folder = null!;

    [OneTimeSetUp]
    public void Write_a_model() => _folder = new TinyFolder();

    [OneTimeTearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void A_clean_file_gives_tables_and_0()
    {
        CliRun run = Check(Clean);
        string[] lines = run.Output.Split('\n');
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(lines[0], Is.EqualTo($"{_folder["a.jsonl"]}: preference pairs, 2 rows, 2 usable ones, 2 different prompts"));
            Assert.That(lines[1], Is.EqualTo("split train: 1 row, 1 different prompt"));
            Assert.That(run.Output, Does.Match(@"\nchosen, words +1 +1 +1 +1 +2\.0 +3 +3 +3\n"));
            Assert.That(run.Output, Does.Match(@"\nchosen +1 +1 +1 +–\n"));
            Assert.That(run.Output, Does.Match(@"\nthe longer one, by words +50\.0 % \[9\.5, 90\.5\] +1 longer, 0 as long, 1 shorter\n"));
            Assert.That(run.Output, Does.Match(@"\nits words, from train to test +50\.0 % \[\d+\.\d, \d+\.\d\] +1\n"));
            Assert.That(run.Output, Does.EndWith("\nno problems\n").And.Not.Contain("\u001b"));
        });
    }

    [Test]
    public void Errors_give_3_warnings_only_when_asked_to()
    {
        CliRun warnings = Check(Clean + Flawed);
        CliRun strict = Check(Clean + Flawed, "--strict");
        CliRun errors = Check(Clean + "{\n" + Flawed);
        Assert.Multiple(() =>
        {
            Assert.That((warnings.Code, strict.Code, errors.Code), Is.EqualTo((0, 3, 3)));
            Assert.That(warnings.Output, Does.Contain("a.jsonl:3: both answers are the same").And.EndWith("\n0 errors, 1 warning: 1 identical\n"));
            Assert.That(errors.Output, Does.Contain("\nerror: ").And.EndWith("\n1 error, 1 warning: 1 malformed, 1 identical\n"));
            Assert.That(errors.Error, Is.Empty);
        });
    }

    [Test]
    public void Json_has_the_figures()
    {
        CliRun run = Check(Clean + Flawed, "--json", "--problems", "0");
        JsonElement report = JsonElement.Parse(run.Output);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(report.GetProperty("shape").GetString(), Is.EqualTo("preferences"));
            Assert.That(report.GetProperty("rows").GetInt64(), Is.EqualTo(3));
            Assert.That(report.GetProperty("counts")[0].GetProperty("kind").GetString(), Is.EqualTo("identical"));
            Assert.That(report.GetProperty("problems").GetArrayLength(), Is.Zero);
            Assert.That(report.GetProperty("warnings").GetInt64(), Is.EqualTo(1));
            Assert.That(report.GetProperty("length_rules")[0].GetProperty("accuracy").GetProperty("value").GetDouble(), Is.EqualTo(0.5));
            Assert.That(report.GetProperty("fields")[1].GetProperty("words").GetProperty("histogram")[0].GetProperty("count").GetInt64(), Is.EqualTo(2));
        });
    }

    [Test]
    public void Tokens_are_counted_up_to_the_context_or_less()
    {
        CliRun context = Check(Clean, "--model", _folder.Model, "--no-end");
        CliRun few = Check(Clean, "--model", _folder.Model, "--no-end", "--max-tokens", "3", "--separator", " ");
        Assert.Multiple(() =>
        {
            Assert.That(context.Code, Is.Zero, context.Error);
            Assert.That(context.Output, Does.Match(@"\nat most \d+ tokens: 0 of 2 rows too long, 0 with a prompt that leaves no room\n").And.Contain("\nprompt + chosen, tokens"));
            Assert.That(few.Output, Does.Match(@"\nat most 3 tokens: ").And.Contain("which leaves no room in 3"));
        });
    }

    [Test]
    public void Fields_are_named_and_recognised_ones_are_told()
    {
        string other = "{\"q\":\"p\",\"good\":\"a\",\"bad\":\"b\",\"by\":2,\"part\":\"train\"}\n";
        CliRun named = Check(other, "--prompt-field", "q", "--chosen-field", "good", "--rejected-field", "bad", "--margin-field", "by", "--split-field", "part");
        Assert.Multiple(() =>
        {
            Assert.That(named.Code, Is.Zero, named.Output);
            Assert.That(named.Output, Does.Contain("A run needs to be told its fields: {prompt: q, chosen: good, rejected: bad}").And.Contain("split train: 1 row"));
            Assert.That(Check(other).Output, Does.Contain("1 row of a kind that is not known").And.Contain("the row has 'q', 'good', 'bad', 'by', 'part'"));
            Assert.That(Check("{\"a\":\"x\",\"b\":\"y\"}", "--prompt-field", "a", "--response-field", "b").Output, Does.Contain("prompts with responses, 1 row"));
            Assert.That(Check("{\"a\":\"x\"}", "--text-field", "a").Output, Does.Contain("texts, 1 row, 1 usable one, 1 different text"));
        });
    }

    [Test]
    public void A_vocabulary_adds_a_column()
    {
        CliRun run = Check(Clean, "--vocabulary", _folder.Write("v.txt", "a b f one two p d e g h"));
        Assert.That(run.Output, Does.Match(@"distinct-4 +in vocabulary\n").And.Match(@"\nchosen .* 75\.0 %\n").And.Contain("\nnot in the vocabulary, chosen: c\n"));
    }

    [Test]
    public void A_wrong_command_line_is_told()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Check(Clean, "--max-tokens", "5").Error, Does.Contain("--max-tokens speaks of tokens: give --model too"));
            Assert.That(Check(Clean, "--max-tokens", "5").Code, Is.EqualTo(2));
            Assert.That(Check(Clean, "--model", _folder.Model, "--no-end", "--max-tokens", "1").Error, Does.Contain("expected at least 2"));
            Assert.That(Check(Clean, "--prompt-field", " ").Code, Is.EqualTo(2));
            Assert.That(Check(Clean, "--model", _folder["none"]).Error, Does.Contain("does not exist"));
            Assert.That(CliRun.Of(string.Empty, "data").Error, Does.Contain("See `proximal data --help`"));
            Assert.That(CliRun.Of(string.Empty, "data", "check", _folder["none.jsonl"]).Code, Is.EqualTo(3));
            Assert.That(CliRun.Of(string.Empty, "data", "check", "--help").Output, Does.Contain("Usage: proximal data check PATH... [OPTIONS]").And.Match(@"Exit codes: 0 no\s+errors, 3 errors"));
        });
    }

    private CliRun Check(string rows, params string[] options) =>
        CliRun.Of(string.Empty, ["data", "check", _folder.Write("a.jsonl", rows), .. options]);
}
