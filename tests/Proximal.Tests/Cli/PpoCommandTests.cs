using System.Text.Json;
using NUnit.Framework;
using Proximal.Configuration;
using Proximal.Runs;
using Proximal.Tests.Runs;

namespace Proximal.Tests.Cli;

public sealed class PpoCommandTests
{
    private const string Yaml =
        """
        model: model
        output: runs/first
        prompts: {path: prompts.jsonl}
        rewards:
          - {type: repetition, n: 2, weight: -1}
          - {type: length, weight: 0.1, target: 5}
        validation: {prompts: prompts.jsonl, samples: 1, every: 2}
        ppo: {steps: 3, prompts_per_step: 4, max_new_tokens: 6, dual_clip: off}
        """;

    private TinyFolder _tiny = null!;

    [SetUp]
    public void Write_the_run()
    {
        _tiny = new TinyFolder();
        _tiny.Write("prompts.jsonl", "{\"prompt\":\"ab\"}\n{\"prompt\":\"c\"}\n{\"prompt\":\"de f\"}\n");
        _tiny.Write("run.yaml", Yaml);
    }

    [TearDown]
    public void Remove_it() => _tiny.Dispose();

    [Test]
    public void A_run_leaves_its_folder_and_says_what_happened()
    {
        CliRun run = Ppo("--set", "ppo.steps=2", "--set", "rewards[1].weight=0.2");
        string folder = _tiny["runs", "first"];
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Is.EqualTo(folder + "\n"), "the run folder, and nothing else");
            Assert.That(run.Error, Does.Contain("validation of the start model: reward ").And.Contain("validation after step 2: reward "));
            Assert.That(run.Error, Does.Match(@"\n +step +score +\+- +kl +approxkl +clipfrac +entropy +length +seconds\n +1 "));
            Assert.That(run.Error, Does.Contain("invariants: the first minibatch of every step started at ratio 1 exactly"));
            Assert.That(run.Error, Does.Contain($"run folder: {folder}\n").And.Not.Contain("\u001b"));
            Assert.That(File.ReadAllLines(Path.Combine(folder, "metrics.jsonl")), Has.Length.EqualTo(3));
            Assert.That(File.ReadAllLines(Path.Combine(folder, "samples.jsonl")), Has.Length.EqualTo(8));
        });
    }

    [Test]
    public void A_run_leaves_events_a_summary_and_a_report()
    {
        Assert.That(Ppo("--set", "ppo.steps=2").Code, Is.Zero);
        string folder = _tiny["runs", "first"];
        RunSummary summary = RunSummary.Read(folder)!;
        IReadOnlyList<TensorBoardEvent> events = TensorBoardReader.Read(Directory.GetFiles(folder, "events.out.tfevents.*").Single());
        Dictionary<string, double> last = MetricsReader.Read(folder).Last().Values.ToDictionary();
        Assert.Multiple(() =>
        {
            Assert.That(summary.State, Is.EqualTo(RunState.Finished));
            Assert.That(summary.Kind, Is.EqualTo(RunKind.Ppo));
            Assert.That((summary.Steps, summary.PlannedSteps), Is.EqualTo((2, 2)));
            Assert.That(summary.Ended, Is.GreaterThan(summary.Started));
            Assert.That(summary.Metrics["objective/kl"].Last, Is.EqualTo(last["objective/kl"]));
            Assert.That(events.Select(item => item.Step), Is.EqualTo(new long[] { 0, 0, 1, 2 }), "the version, the start model, two steps");
            Assert.That(events[^1].Scalars.Keys, Is.EquivalentTo(last.Keys));
            Assert.That(events[^1].Scalars["objective/scores"], Is.EqualTo((float)last["objective/scores"]));
            Assert.That(File.ReadAllText(Path.Combine(folder, "report.html")), Does.Contain("<h1>PPO run first</h1>").And.Contain("Where the credit goes"));
            Assert.That(File.ReadAllText(Path.Combine(folder, "report.md")), Does.StartWith("# PPO run first\n").And.Contain("| `objective/kl` |"));
        });
    }

    [Test]
    public void The_report_of_a_run_can_be_written_again()
    {
        Assert.That(Ppo("--set", "ppo.steps=2").Code, Is.Zero);
        string folder = _tiny["runs", "first"];
        string page = File.ReadAllText(Path.Combine(folder, "report.html"));
        File.Delete(Path.Combine(folder, "report.html"));
        CliRun report = CliRun.Of(string.Empty, "report", folder);
        Assert.Multiple(() =>
        {
            Assert.That(report, Is.EqualTo(new CliRun(0, Path.Combine(folder, "report.html") + "\n", string.Empty)));
            Assert.That(File.ReadAllText(Path.Combine(folder, "report.html")), Is.EqualTo(page));
            Assert.That(CliRun.Of(string.Empty, "report", _tiny.Model).Code, Is.EqualTo(3));
        });
    }

    [Test]
    public void The_trained_model_can_be_used_by_the_other_commands()
    {
        Assert.That(Ppo("--set", "ppo.steps=2").Code, Is.Zero);
        CliRun score = CliRun.Of("{\"text\":\"ab\"}", "score", "-m", _tiny["runs", "first", "model"], "-i", "-");
        Assert.That(score.Code, Is.Zero, score.Error + score.Output);
    }

    [Test]
    public void The_configuration_of_the_folder_is_that_of_the_run_and_runs_the_same_again()
    {
        Assert.That(Ppo("--set", "ppo.steps=2").Code, Is.Zero);
        string written = _tiny["runs", "first", "config.yaml"];
        PpoRunOptions options = ConfigurationBinder.Bind<PpoRunOptions>(written);
        Assert.Multiple(() =>
        {
            Assert.That(options.Ppo.Steps, Is.EqualTo(2));
            Assert.That(options.Ppo.DualClip, Is.EqualTo(double.PositiveInfinity));
            Assert.That(options.Model.Path, Is.EqualTo(_tiny.Model));
            Assert.That(options.Rewards, Has.Count.EqualTo(2));
        });
        CliRun again = CliRun.Of(string.Empty, "ppo", "-c", written, "--set", $"output={_tiny["second"]}");
        Assert.That(again.Code, Is.Zero, again.Error);
        Assert.That(Curves(_tiny["second"]), Is.EqualTo(Curves(_tiny["runs", "first"])));
    }

    [Test]
    public void A_second_run_into_the_folder_is_refused_unless_it_may_replace_the_first()
    {
        Assert.That(Ppo("--set", "ppo.steps=2").Code, Is.Zero);
        Assert.That(Ppo("--set", "ppo.steps=2").Code, Is.EqualTo(3));
        Assert.That(Ppo("--set", "ppo.steps=2", "--set", "overwrite=true").Code, Is.Zero);
    }

    [Test]
    public async Task An_interruption_keeps_the_steps_that_were_committed()
    {
        using var interruption = new CancellationTokenSource();

        // Its disposal waits for a look that is under way.
        await using var watch = new Timer(
            _ =>
            {
                string metrics = Path.Combine(_tiny["runs", "first"], "metrics.jsonl");
                if (File.Exists(metrics) && File.ReadLines(metrics).Count() > 2)
                {
                    interruption.Cancel();
                }
            },
            state: null,
            dueTime: 10,
            period: 10);
        CliRun run = CliRun.Of(
            Stream.Null, interruption.Token, "ppo", "-c", _tiny["run.yaml"], "--set", "ppo.steps=100000", "--set", "validation=off", "--set", "save_as=\"float32\"");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(130), run.Error);
            Assert.That(run.Error, Does.Match(@"interrupted after step (\d+); its checkpoint is .*runs/first/checkpoints/step-0*\1; go on with: proximal ppo -c .*run\.yaml --set ppo\.steps=100000 --set validation=off --set 'save_as=""float32""' --resume\n$"));
            Assert.That(run.Output, Is.Empty);
            Assert.That(Directory.Exists(_tiny["runs", "first", "model"]), Is.False);
            Assert.That(RunSummary.Read(_tiny["runs", "first"])!.State, Is.EqualTo(RunState.Interrupted));
            Assert.That(File.ReadAllText(_tiny["runs", "first", "report.html"]), Does.Contain("The run was interrupted after"));
        });
    }

    [Test]
    public void Weights_that_break_in_training_end_the_run_with_exit_code_4()
    {
        CliRun run = Ppo("--set", "ppo.actor.learning_rate=1e30", "--set", "ppo.critic_warmup_steps=0", "--set", "ppo.actor.schedule=constant");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(4), run.Error);
            Assert.That(run.Error.Split('\n'), Has.Exactly(1).StartsWith("error: "));
            Assert.That(run.Error, Does.Not.Contain("internal error").And.Not.Contain("   at "));
        });
    }

    /// <summary>The metrics but for times.</summary>
    private static string[] Curves(string folder) => [.. File.ReadLines(Path.Combine(folder, "metrics.jsonl")).Select(line => string.Join(
        ',', JsonElement.Parse(line).EnumerateObject().Where(field => !field.Name.StartsWith("time/", StringComparison.Ordinal)).Select(field => field.ToString())))];

    private CliRun Ppo(params string[] options) => CliRun.Of(string.Empty, ["ppo", "-c", _tiny["run.yaml"], .. options]);
}
