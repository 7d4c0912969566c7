using System.Diagnostics;
using System.Diagnostics.Metrics;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Diagnostics;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Tests.Cli;
using Proximal.Tests.Models;
using Proximal.Tests.Training.Ppo;
using Proximal.Training;
using Proximal.Training.Ppo;
using Proximal.Training.Sft;
using Proximal.Training.Supervised;

namespace Proximal.Tests.Diagnostics;

/// <summary>What listeners hear of small runs. Instruments are the process's, so nothing else runs beside these tests.</summary>
[NonParallelizable]
public sealed class TelemetryTests
{
    [Test]
    public async Task A_ppo_step_counts_its_tokens_and_optimizer_steps_and_times_its_phases()
    {
        using var bench = new PpoBench();
        using var recorder = new TelemetryRecorder();
        List<PpoStep> steps = await PpoBench.Run(bench.Setup(PpoBench.Quick with { Steps = 2 }));
        int sampled = steps.Sum(step => step.Rollout.Count - step.Rollout.PromptLengths.Sum());
        int trained = steps.Sum(step => 2 * PpoBench.Quick.Epochs * step.Rollout.Count);
        Assert.Multiple(() =>
        {
            Assert.That(recorder.Sum("proximal.tokens.sampled"), Is.EqualTo(sampled));
            Assert.That(recorder.Sum("proximal.tokens.trained"), Is.EqualTo(trained), "actor and critic, each epoch");
            Assert.That(recorder.Sum("proximal.optimizer.steps"), Is.EqualTo(2 * 2 * 4), "2 steps of 4 minibatches of 2 models");
            Assert.That(recorder.Of("proximal.generation.queue.duration"), Has.Count.EqualTo(2 * 16).And.All.Property("Value").GreaterThan(0));
            Assert.That(
                recorder.Of("proximal.step.duration").Select(step => step.Tags[ProximalTelemetry.StageTag]), Is.EqualTo(new[] { "ppo", "ppo" }));
            Assert.That(
                recorder.Of("proximal.phase.duration").Select(phase => phase.Tags[ProximalTelemetry.PhaseTag]),
                Is.EquivalentTo(new[] { "rollout", "scoring", "training", "rollout", "scoring", "training" }));
            Assert.That(recorder.Sum("proximal.phase.duration"), Is.LessThanOrEqualTo(recorder.Sum("proximal.step.duration")));
            Assert.That(
                recorder.Of("proximal.reward.duration").Select(call => call.Tags[ProximalTelemetry.RewardTag]), Is.All.EqualTo("counting").And.Not.Empty);
        });
    }

    [Test]
    public async Task A_ppo_run_is_a_tree_of_activities_with_stage_step_and_run()
    {
        using var tiny = new TinyFolder();
        using var recorder = new TelemetryRecorder();
        await new PpoRun(Ppo(tiny)).RunAsync();
        Activity run = recorder.Named("proximal.run").Single();
        IReadOnlyList<Activity> steps = recorder.Named("proximal.step");
        Assert.Multiple(() =>
        {
            Assert.That(run.GetTagItem(ProximalTelemetry.StageTag), Is.EqualTo("ppo"));
            Assert.That(run.GetTagItem(ProximalTelemetry.RunTag), Is.EqualTo(tiny["run"]));
            Assert.That(run.Status, Is.EqualTo(ActivityStatusCode.Unset));
            Assert.That(steps.Select(step => step.GetTagItem(ProximalTelemetry.StepTag)), Is.EqualTo(new object[] { 1, 2 }));
            Assert.That(steps.Select(step => step.ParentSpanId), Is.All.EqualTo(run.SpanId));
            foreach (string phase in new[] { "proximal.rollout", "proximal.scoring", "proximal.training" })
            {
                AssertWithin(recorder.Named(phase), steps);
            }

            AssertWithin(recorder.Named("proximal.reward").Where(call => Equals(call.GetTagItem(ProximalTelemetry.RewardTag), "mixture")), steps);
            Assert.That(recorder.Named("proximal.checkpoint").Select(saved => saved.GetTagItem(ProximalTelemetry.StepTag)), Is.EqualTo(new object[] { 1, 2 }));
            Assert.That(recorder.Named("proximal.checkpoint").Select(saved => saved.ParentSpanId), Is.All.EqualTo(run.SpanId));
            Assert.That(recorder.Activities.Select(activity => activity.GetTagItem(ProximalTelemetry.RunTag)), Is.All.EqualTo(tiny["run"]));
            Assert.That(recorder.Activities.Select(activity => activity.GetTagItem(ProximalTelemetry.StageTag)), Is.All.EqualTo("ppo"));
        });
    }

    [Test]
    public async Task Supervised_steps_and_validations_are_told_under_their_stage()
    {
        using var tiny = new TinyFolder();
        using var recorder = new TelemetryRecorder();
        string rows = tiny.Write("rows.jsonl", string.Concat(Enumerable.Range(0, 8).Select(i => $"{{\"prompt\":\"{(char)('a' + i)}\",\"response\":\" bed\"}}\n")));
        await new SftRun(new SftRunOptions
        {
            Model = tiny.Model,
            Data = new SftDataOptions { Path = rows },
            Validation = new SupervisedValidationOptions { Fraction = 0.25 },
            Sft = new SftOptions { Epochs = 1, BatchSize = 3 },
            Output = tiny["run"],
            Threads = 1,
        }).RunAsync();
        Assert.Multiple(() =>
        {
            Assert.That(recorder.Named("proximal.step").Select(step => step.GetTagItem(ProximalTelemetry.StepTag)), Is.EqualTo(new object[] { 1, 2 }));
            AssertWithin(recorder.Named("proximal.training"), recorder.Named("proximal.step"));
            Assert.That(recorder.Named("proximal.validation").Select(phase => phase.GetTagItem(ProximalTelemetry.StepTag)), Is.EqualTo(new object[] { 0, 2 }));
            Assert.That(recorder.Sum("proximal.optimizer.steps"), Is.EqualTo(2));
            Assert.That(recorder.Of("proximal.step.duration"), Has.Count.EqualTo(2));
            Assert.That(
                recorder.Of("proximal.phase.duration").Select(phase => phase.Tags[ProximalTelemetry.PhaseTag]),
                Is.EqualTo(new[] { "validation", "training", "validation", "training", "checkpoint" }));
            Assert.That(recorder.Of("proximal.phase.duration").Select(phase => phase.Tags[ProximalTelemetry.StageTag]), Is.All.EqualTo("sft"));
        });
    }

    [Test]
    public void A_failed_reward_marks_its_call_and_its_step()
    {
        using var bench = new PpoBench();
        using var recorder = new TelemetryRecorder();
        var failing = new DelegateReward("failing", _ => throw new InvalidDataException("no score"));
        Assert.ThrowsAsync<RewardException>(() => PpoBench.Run(bench.Setup(PpoBench.Quick, failing)));
        Assert.Multiple(() =>
        {
            Assert.That(recorder.Named("proximal.reward").Single().Status, Is.EqualTo(ActivityStatusCode.Error));
            Assert.That(recorder.Named("proximal.reward").Single().GetTagItem("error.type"), Is.EqualTo(typeof(RewardException).FullName));
            Assert.That(recorder.Named("proximal.step").Single().Status, Is.EqualTo(ActivityStatusCode.Error));
            Assert.That(recorder.Of("proximal.reward.duration"), Has.Count.EqualTo(1), "failed calls have a latency too");
            Assert.That(recorder.Of("proximal.step.duration"), Is.Empty, "the step was discarded");
        });
    }

    [Test]
    public void The_gauge_of_memory_is_that_of_live_engines()
    {
        using (var bench = new PpoBench())
        using (new Trainer(bench.Actor))
        using (var recorder = new TelemetryRecorder())
        {
            recorder.Observe();
            Assert.Multiple(() =>
            {
                Assert.That(Memory(recorder, "weights"), Is.EqualTo(bench.Engine.Memory.WeightBytes).And.GreaterThan(0));
                Assert.That(Memory(recorder, "gradients"), Is.EqualTo(bench.Engine.Memory.GradientBytes));
                Assert.That(Memory(recorder, "optimizer"), Is.EqualTo(bench.Engine.Memory.OptimizerBytes).And.GreaterThan(0));
                Assert.That(Memory(recorder, "cache"), Is.EqualTo(bench.Engine.Memory.CacheBytes));
            });
        }

        using var after = new TelemetryRecorder();
        after.Observe();
        Assert.That(after.Of("proximal.engine.memory").Select(measurement => measurement.Value), Is.EqualTo(new double[4]), "no engine is alive");
    }

    [Test]
    public void Sequences_are_active_until_they_are_cancelled()
    {
        const int Endless = 2000; // tokens: seconds of work, of which a few milliseconds are done
        using var folder = new TemporaryFolder();
        using var engine = new Engine(new EngineOptions { Threads = 1 });
        using LanguageModel model = LanguageModel.Load(engine, new TinyModel { Context = Endless + 10 }.Write(folder["model"]));
        using var generator = new Generator(model);
        using var recorder = new TelemetryRecorder();
        double active = 0;
        Assert.Throws<InvalidOperationException>(() => generator.Generate(
            [
                .. Enumerable.Range(0, 3).Select(i => new GenerationRequest
                {
                    SampleId = (ulong)i,
                    Prompt = [1, 4],
                    MaxNewTokens = Endless,
                    StopTokens = [],
                }),
            ],
            progress: null,
            submitted: _ =>
            {
                recorder.Observe();
                active = recorder.Sum("proximal.generation.active");
                throw new InvalidOperationException("enough");
            },
            CancellationToken.None));
        using var after = new TelemetryRecorder();
        after.Observe();
        Assert.Multiple(() =>
        {
            Assert.That(active, Is.EqualTo(3));
            Assert.That(after.Sum("proximal.generation.active"), Is.Zero, "the cancelled ones have ended");
        });
    }

    [Test]
    public async Task A_listener_that_throws_fails_the_response_and_the_next_one_is_as_ever()
    {
        using var bench = new PpoBench();
        using var generator = new Generator(bench.Actor);
        var request = new GenerationRequest { SampleId = 1, Prompt = [1, 4], MaxNewTokens = 8, StopTokens = [] };
        Generation expected = await generator.GenerateAsync(request);
        using (var listener = new MeterListener())
        {
            listener.InstrumentPublished = (instrument, meters) =>
            {
                if (instrument.Name == "proximal.tokens.sampled")
                {
                    meters.EnableMeasurementEvents(instrument);
                }
            };
            listener.SetMeasurementEventCallback<long>((_, _, _, _) => throw new InvalidDataException("broken listener"));
            listener.Start();
            InvalidDataException failure = Assert.ThrowsAsync<InvalidDataException>(() => generator.GenerateAsync(request))!;
            Assert.That(failure.Message, Is.EqualTo("broken listener"));
        }

        Generation again = await generator.GenerateAsync(request);
        Assert.That(again.Tokens, Is.EqualTo(expected.Tokens));
    }

    [Test]
    public async Task The_table_names_every_instrument_activity_and_tag_with_its_unit()
    {
        string table = await File.ReadAllTextAsync(Interop.Tool.InRepository("managed", "Proximal", "Diagnostics", "TELEMETRY.md"));
        using var tiny = new TinyFolder();
        using var recorder = new TelemetryRecorder();
        await new PpoRun(Ppo(tiny)).RunAsync();
        recorder.Observe();
        Assert.That(recorder.Instruments, Has.Count.EqualTo(9));
        Assert.Multiple(() =>
        {
            foreach ((string name, Instrument instrument) in recorder.Instruments)
            {
                string row = table.Split('\n').SingleOrDefault(line => line.StartsWith($"| `{name}` |", StringComparison.Ordinal)) ?? string.Empty;
                Assert.That(row, Does.Contain($"| `{instrument.Unit}` |"), name);
                Assert.That(instrument.Description, Is.Not.Empty, name);
                Assert.That(recorder.Of(name), Is.Not.Empty, $"{name} is never recorded");
                foreach (string tag in recorder.Of(name).SelectMany(measurement => measurement.Tags.Keys).Distinct())
                {
                    Assert.That(row, Does.Contain($"`{tag}`"), name);
                }
            }

            foreach (Activity activity in recorder.Activities)
            {
                Assert.That(table, Does.Contain($"| `{activity.OperationName}` |"));
                Assert.That(activity.TagObjects.Select(tag => tag.Key).Where(tag => !table.Contains($"`{tag}`", StringComparison.Ordinal)), Is.Empty);
            }
        });
    }

    private static void AssertWithin(IEnumerable<Activity> activities, IReadOnlyList<Activity> steps)
    {
        Assert.That(activities, Is.Not.Empty);
        foreach (Activity activity in activities)
        {
            Activity? step = steps.SingleOrDefault(step => step.SpanId == activity.ParentSpanId);
            Assert.That(step, Is.Not.Null, $"{activity.OperationName} is not within a step");
            Assert.That(activity.GetTagItem(ProximalTelemetry.StepTag), Is.EqualTo(step?.GetTagItem(ProximalTelemetry.StepTag)), activity.OperationName);
        }
    }

    private static double Memory(TelemetryRecorder recorder, string purpose) => recorder.Of("proximal.engine.memory")
        .Where(measurement => Equals(measurement.Tags[ProximalTelemetry.MemoryTag], purpose)).Sum(measurement => measurement.Value);

    private static PpoRunOptions Ppo(TinyFolder tiny) => new()
    {
        Model = tiny.Model,
        Prompts = new PromptsOptions { Path = tiny.Write("prompts.jsonl", "{\"prompt\":\"ab\"}\n{\"prompt\":\"c\"}\n") },
        Rewards = [new RepetitionRewardOptions { N = 2, Weight = -1 }],
        Checkpoints = new CheckpointOptions { Every = 1 },
        Ppo = new PpoOptions { Steps = 2, PromptsPerStep = 4, MaxNewTokens = 4, Epochs = 1, Minibatches = 1, CriticWarmupSteps = 0 },
        Output = tiny["run"],
        Threads = 1,
    };
}
