using System.Text.Json;
using NUnit.Framework;
using Proximal.Tests.Models;

namespace Proximal.Tests.Cli;

public sealed class CompareCommandTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Write_two_runs()
    {
        _folder = new TemporaryFolder();
        Write("one", "{\"step\":1,\"objective/scores\":1,\"objective/kl\":0.5,\"reward/a\":1}\n{\"step\":2,\"objective/scores\":3,\"objective/kl\":2}\n{\"step\":3,\"objective/scores\":2,\"objective/kl\":4}\n");
        Write("two", "{\"step\":1,\"objective/scores\":-1,\"lr/actor\":1}\n");
    }

    [TearDown]
    public void Remove_them() => _folder.Dispose();

    [Test]
    public void The_table_has_first_last_and_best_of_each_run()
    {
        CliRun run = CliRun.Of(string.Empty, "compare", _folder["one"], _folder["two"]);
        string[] lines = run.Output.Split('\n');
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(Cells(lines[0]), Is.EqualTo("metric | one: first | last | best | two: first | last | best"));
            Assert.That(Cells(lines.Single(line => line.StartsWith("objective/scores", StringComparison.Ordinal))), Is.EqualTo("objective/scores | 1 | 2 | 3 | -1 | -1 | -1"));
            Assert.That(Cells(lines.Single(line => line.StartsWith("objective/kl", StringComparison.Ordinal))), Is.EqualTo("objective/kl | 0.5 | 4 | – | – | – | –"));
            Assert.That(run.Output, Does.Contain("reward/a").And.Not.Contain("lr/actor"));
        });
    }

    [Test]
    public void Metrics_are_chosen_by_name_or_group_and_the_page_overlays_the_runs()
    {
        CliRun run = CliRun.Of(string.Empty, "compare", _folder["one"], _folder["two"], "--metric", "objective/*", "--metric", "lr/actor", "-o", _folder["page.html"]);
        string page = File.ReadAllText(_folder["page.html"]);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("lr/actor").And.Not.Contain("reward/a"));
            Assert.That(page.Split("<svg"), Has.Length.EqualTo(4), "three metrics");
            Assert.That(page, Does.Contain("line c0").And.Contain("line c1"));
        });
    }

    [Test]
    public void Json_has_the_numbers()
    {
        JsonElement rows = JsonElement.Parse(CliRun.Of(string.Empty, "compare", _folder["one"], "--json").Output);
        Assert.That(rows[0].GetProperty("metrics").GetProperty("objective/scores").GetProperty("max").GetDouble(), Is.EqualTo(3));
        Assert.That(rows[0].GetProperty("steps").GetInt32(), Is.EqualTo(3));
    }

    [Test]
    public void Runs_of_one_name_are_told_apart()
    {
        Write(Path.Combine("other", "one"), "{\"step\":1,\"objective/scores\":1}\n");
        string output = CliRun.Of(string.Empty, "compare", _folder["one"], _folder["other", "one"]).Output;
        Assert.That(output, Does.Contain($"{Path.GetFileName(_folder.Path)}/one: first").And.Contain("other/one: first"));
    }

    [Test]
    public void What_cannot_be_compared_is_named()
    {
        CliRun noRun = CliRun.Of(string.Empty, "compare", _folder["."]);
        CliRun noMetric = CliRun.Of(string.Empty, "compare", _folder["one"], "--metric", "x");
        CliRun nothing = CliRun.Of(string.Empty, "compare");
        Assert.Multiple(() =>
        {
            Assert.That(noRun.Error, Does.Contain("it has no metrics.jsonl"));
            Assert.That((noRun.Code, noMetric.Code, nothing.Code), Is.EqualTo((3, 3, 2)));
        });
    }

    private static string Cells(string line) => string.Join(" | ", System.Text.RegularExpressions.Regex.Split(line.Trim(), " {2,}"));

    private void Write(string name, string metrics)
    {
        Directory.CreateDirectory(_folder[name]);
        File.WriteAllText(_folder[name, "metrics.jsonl"], metrics);
    }
}
