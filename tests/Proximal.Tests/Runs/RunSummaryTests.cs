using System.Text.Json;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Runs;
using Proximal.Tests.Models;

namespace Proximal.Tests.Runs;

public sealed class RunSummaryTests
{
    private static readonly RunSummary Start = new()
    {
        Kind = RunKind.Ppo,
        State = RunState.Running,
        Started = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
        PlannedSteps = 9,
    };

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_run()
    {
        _folder = new TemporaryFolder();
        File.WriteAllText(
            _folder["metrics.jsonl"],
            """
            {"step":0,"validation/kl":0}
            {"step":1,"x":2.5,"y":null,"warnings":["ratio 1.01 is off"]}
            {"step":2,"x":-1,"validation/kl":3}
            {"step":3,"x":2.5,"warnings":["ratio 1.02 is off","other"]}
            {"step":4,"x":1
            """);
    }

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void Metrics_are_first_last_smallest_and_largest_with_their_steps()
    {
        RunSummary summary = Start.With(MetricsReader.Read(_folder["."]));
        Assert.Multiple(() =>
        {
            Assert.That(summary.Steps, Is.EqualTo(3), "a cut last row does not count");
            Assert.That(summary.Metrics["x"], Is.EqualTo(new CurveSummary(3, 1, 2.5, 3, 2.5, 2, -1, 1, 2.5)));
            Assert.That(summary.Metrics["validation/kl"], Is.EqualTo(new CurveSummary(2, 0, 0, 2, 3, 0, 0, 2, 3)));
            Assert.That(summary.Metrics.ContainsKey("y"), Is.False);
            Assert.That(summary.Warnings, Is.EqualTo(new[] { new WarningSummary("ratio 1.01 is off", 2, 1, 3), new WarningSummary("other", 1, 3, 3) }));
        });
    }

    [Test]
    public void The_file_has_the_documented_keys_and_reads_back()
    {
        Start.With(MetricsReader.Read(_folder["."])).Write(_folder["."]);
        JsonElement root = JsonElement.Parse(File.ReadAllText(_folder["summary.json"]));
        RunSummary back = RunSummary.Read(_folder["."])!;
        Assert.Multiple(() =>
        {
            Assert.That(root.GetProperty("state").GetString(), Is.EqualTo("running"));
            Assert.That(root.GetProperty("metrics").GetProperty("x").GetProperty("min_step").GetInt32(), Is.EqualTo(2));
            Assert.That(root.GetProperty("warnings")[0].GetProperty("first_step").GetInt32(), Is.EqualTo(1));
            Assert.That(back.Metrics["x"].Max, Is.EqualTo(2.5));
            Assert.That(back.Started, Is.EqualTo(Start.Started));
        });
    }

    [Test]
    public async Task The_summary_says_how_the_run_ended()
    {
        var reporter = new RunReporter(Start, TimeProvider.System, logger: null);
        Assert.That(await reporter.AroundAsync(_folder["."], () => Task.FromResult(7)), Is.EqualTo(7));
        Assert.That(RunSummary.Read(_folder["."])!.State, Is.EqualTo(RunState.Finished));

        Assert.That(() => reporter.AroundAsync<int>(_folder["."], () => throw new OperationCanceledException()), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(RunSummary.Read(_folder["."])!.State, Is.EqualTo(RunState.Interrupted));

        Assert.That(() => reporter.AroundAsync<int>(_folder["."], () => throw new IOException("no space")), Throws.InstanceOf<IOException>());
        RunSummary failed = RunSummary.Read(_folder["."])!;
        Assert.That((failed.State, failed.Message), Is.EqualTo((RunState.Failed, "no space")));
        Assert.That(File.ReadAllText(_folder["report.html"]), Does.Contain("The run failed after 3 steps of 9: no space"));
    }

    [Test]
    public async Task While_the_run_is_under_way_the_summary_says_so_and_keeps_the_first_start()
    {
        (Start with { Started = Start.Started - TimeSpan.FromDays(1) }).Write(_folder["."]);
        RunSummary during = await new RunReporter(Start, TimeProvider.System, logger: null)
            .AroundAsync(_folder["."], () => Task.FromResult(RunSummary.Read(_folder["."])!));
        Assert.Multiple(() =>
        {
            Assert.That(during.State, Is.EqualTo(RunState.Running));
            Assert.That(during.Ended, Is.Null);
            Assert.That(during.Steps, Is.EqualTo(3));
            Assert.That(during.Started, Is.EqualTo(Start.Started - TimeSpan.FromDays(1)));
        });
    }

    [Test]
    public void A_report_that_cannot_be_written_does_not_hide_why_the_run_ended()
    {
        Directory.CreateDirectory(_folder["report.html.new"]);
        var reporter = new RunReporter(Start, TimeProvider.System, logger: null);
        Assert.That(() => reporter.AroundAsync<int>(_folder["."], () => throw new InvalidDataException("why")), Throws.InstanceOf<InvalidDataException>());
    }

    [Test]
    public void A_broken_summary_is_named()
    {
        File.WriteAllText(_folder["summary.json"], "{\"kind\":");
        Assert.That(() => RunSummary.Read(_folder["."]), Throws.InstanceOf<DataFileException>().With.Message.Contains("summary.json: the summary is broken"));
    }

    [Test]
    public void A_broken_row_in_the_middle_is_named()
    {
        File.WriteAllText(_folder["metrics.jsonl"], "{\"step\":1}\n{\"stop\":2}\n{\"step\":3}\n");
        Assert.That(() => MetricsReader.Read(_folder["."]).ToList(), Throws.InstanceOf<DataFileException>().With.Message.Contains("metrics.jsonl:2"));
    }
}
