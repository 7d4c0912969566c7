using NUnit.Framework;
using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Training;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Runs.Checkpoints;

public sealed class PpoResumeTests
{
    private ResumeBench _bench = null!;

    [OneTimeSetUp]
    public async Task Run_without_interruption()
    {
        _bench = new ResumeBench();
        await _bench.Run(_bench.Options("whole"));
    }

    [OneTimeTearDown]
    public void Remove_it() => _bench.Dispose();

    [SetUp]
    public void Forget() => _bench.Warnings.Clear();

    [TestCase(PpoPhase.Rollout, 4, 0)]
    [TestCase(PpoPhase.Scoring, 2, 3)]
    [TestCase(PpoPhase.Update, 1, 4)]
    [TestCase(PpoPhase.Update, 5, 8)]
    [TestCase(PpoPhase.Validation, 4, 0)]
    [TestCase(PpoPhase.Validation, 0, 0)]
    [TestCase(PpoPhase.Committed, 0, 0)]
    [TestCase(PpoPhase.Committed, 3, 0)]
    [TestCase(PpoPhase.Committed, 6, 0)]
    [TestCase(PpoPhase.Saving, 6, 0)]
    public async Task Interrupted_anywhere_and_resumed_it_is_the_same_run(PpoPhase phase, int step, long done)
    {
        string name = $"{phase}-{step}-{done}";
        PpoRunOptions options = _bench.Options(name);
        RunInterruptedException? interruption = phase == PpoPhase.Saving
            ? null
            : await _bench.Interrupt(options, report => report.Phase == phase && report.Step == step && report.Done >= done);
        if (interruption is null)
        {
            // The last checkpoint is written before the model.
            await _bench.Run(options);
            Directory.Delete(_bench[name, RunFolder.ModelFolder], recursive: true);
        }
        else
        {
            bool committed = phase is PpoPhase.Committed or PpoPhase.Validation;
            Assert.That(interruption.Step, Is.EqualTo(committed ? step : step - 1));
            Assert.That(
                interruption.Checkpoint,
                interruption.Step == 0 ? Is.Null : Is.EqualTo(_bench[name, "checkpoints", $"step-{interruption.Step:D6}"]));
        }

        PpoRunResult result = await _bench.Resume(options);
        Assert.That(result.ResumedAfter, Is.EqualTo(interruption?.Step ?? step));
        ResumeBench.AssertEqual(_bench["whole"], _bench[name]);
        Assert.That(_bench.Warnings, Is.Empty);
    }

    [Test]
    public async Task Interrupted_at_every_step_and_in_a_resumed_validation_it_is_the_same_run()
    {
        PpoRunOptions options = _bench.Options("often") with { Checkpoints = new CheckpointOptions { Every = 0, KeepLast = 1 } };
        await _bench.Interrupt(options, report => report is { Phase: PpoPhase.Committed, Step: 1 });
        await _bench.Interrupt(options, report => report is { Phase: PpoPhase.Validation, Step: 2 }, resume: true);
        await _bench.Interrupt(options, report => report is { Phase: PpoPhase.Validation, Step: 2 }, resume: true);
        for (int step = 3; step < 6; step++)
        {
            int last = step;
            await _bench.Interrupt(options, report => report.Phase == PpoPhase.Update && report.Step == last + 1, resume: true);
            Assert.That(_bench.Checkpoints("often"), Is.EqualTo(new[] { $"step-{step:D6}" }));
        }

        await _bench.Resume(options);
        ResumeBench.AssertEqual(_bench["whole"], _bench["often"]);
    }

    [Test]
    public async Task After_a_crash_the_steps_since_the_checkpoint_are_done_again_and_each_has_one_row()
    {
        PpoRunOptions options = _bench.Options("crash");
        await _bench.Interrupt(options, report => report is { Phase: PpoPhase.Committed, Step: 3 });
        // As a kill would have left it: step 3 and half of step 4 have rows, the last checkpoint is of step 2.
        Directory.Delete(_bench["crash", "checkpoints", "step-000003"], recursive: true);
        Directory.CreateDirectory(_bench["crash", "checkpoints", ".tmp-step-000003", "actor"]);
        File.AppendAllText(_bench["crash", RunFolder.SamplesFile], "{\"step\":4,\"ind");
        PpoRunResult result = await _bench.Resume(options);
        Assert.That(result.ResumedAfter, Is.EqualTo(2));
        ResumeBench.AssertEqual(_bench["whole"], _bench["crash"]);
    }

    [Test]
    public async Task A_damaged_checkpoint_is_named_and_the_one_before_it_taken()
    {
        PpoRunOptions options = _bench.Options("damaged");
        await _bench.Interrupt(options, report => report is { Phase: PpoPhase.Committed, Step: 3 });
        string weights = _bench["damaged", "checkpoints", "step-000003", "critic", "model.safetensors"];
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^10] ^= 4;
        File.WriteAllBytes(weights, bytes);
        PpoRunResult result = await _bench.Resume(options);
        Assert.That(result.ResumedAfter, Is.EqualTo(2));
        Assert.That(
            _bench.Warnings.Single(),
            Does.Contain("step-000003: critic/model.safetensors is damaged").And.Contain("It is passed over"));
        ResumeBench.AssertEqual(_bench["whole"], _bench["damaged"]);
    }

    [Test]
    public async Task A_folder_without_a_checkpoint_starts_from_the_beginning_and_says_so()
    {
        PpoRunOptions options = _bench.Options("scratch");
        Directory.CreateDirectory(_bench["scratch"]);
        File.WriteAllText(_bench["scratch", RunFolder.MetricsFile], "{\"step\":0}\n{\"st");
        var notes = new List<string>();
        PpoRunResult result = await _bench.Resume(options, new Notes(notes));
        Assert.That(result.ResumedAfter, Is.Zero);
        Assert.That(notes.Single(), Does.EndWith("scratch has no checkpoint: the run starts from the beginning"));
        ResumeBench.AssertEqual(_bench["whole"], _bench["scratch"]);
    }

    [Test]
    public async Task A_finished_run_is_left_alone()
    {
        await _bench.Run(_bench.Options("finished"));
        File.WriteAllText(_bench["finished", RunFolder.ModelFolder, "mine.txt"], "x");
        PpoRunResult result = await _bench.Resume(_bench.Options("finished"));
        Assert.Multiple(() =>
        {
            Assert.That(result.WasFinished, Is.True);
            Assert.That(result.Steps, Is.EqualTo(6));
            Assert.That(result.Metrics["validation/reward_mean"], Is.Not.NaN);
            Assert.That(File.Exists(_bench["finished", RunFolder.ModelFolder, "mine.txt"]), Is.True);
        });
        ResumeBench.AssertEqual(_bench["whole"], _bench["finished"]);
    }

    [Test]
    public async Task A_rewards_files_may_move_but_not_change()
    {
        PpoRunOptions options = _bench.Options("lexicon") with { Rewards = [new LexiconRewardOptions { Path = Lexicon("one.tsv", "good\t1\n") }] };
        await _bench.Interrupt(options, report => report is { Phase: PpoPhase.Committed, Step: 3 });
        PpoRunOptions With(string path) => options with { Rewards = [new LexiconRewardOptions { Path = path }] };
        await Refused(With(Lexicon("other.tsv", "good\t2\n")), "rewards: its content is not what it was");
        PpoRunResult result = await _bench.Resume(With(Lexicon("same.tsv", "good\t1\n")));
        Assert.That(result.Steps, Is.EqualTo(6));
    }

    [Test]
    public async Task A_changed_key_is_refused_by_name_with_both_values()
    {
        PpoRunOptions options = await Interrupted("changed");
        await Refused(options with { Seed = 9 }, "seed was 1 and is 9 now");
        await Refused(options with { Ppo = options.Ppo with { ClipLow = 0.3 } }, "ppo.clip_low was 0.2 and is 0.3 now");
        await Refused(options with { Ppo = options.Ppo with { Steps = 9 } }, "ppo.steps was 6 and is 9 now");
        await Refused(
            options with { Rewards = [options.Rewards[0], options.Rewards[1] with { Weight = 2 }], Threads = 3 },
            "threads was 1 and is 3 now; rewards[1].weight was 0.1 and is 2 now. Put them back");
        await Refused(options with { Rewards = [options.Rewards[0]] }, "rewards was [{type: repetition, ");
        await Refused(options with { Validation = null }, "validation was {");
        await _bench.Resume(options);
        ResumeBench.AssertEqual(_bench["whole"], _bench["changed"]);
    }

    [Test]
    public async Task Keys_that_decide_nothing_may_change_and_paths_may_lead_elsewhere_to_the_same()
    {
        PpoRunOptions options = await Interrupted("moved");
        Directory.Move(_bench["moved"], _bench["elsewhere"]);
        CopyFolder(_bench.Model, _bench["copy"]);
        File.Copy(_bench["prompts.jsonl"], _bench["copy", "prompts.jsonl"]);
        await _bench.Resume(options with
        {
            Model = _bench["copy"],
            Output = _bench["elsewhere"],
            Overwrite = true,
            Prompts = new PromptsOptions { Path = _bench["copy", "prompts.jsonl"] },
            Checkpoints = new CheckpointOptions { Every = 1, KeepLast = 7, KeepBest = new KeepBestOptions { Metric = "objective/kl" } },
        });
        Assert.That(_bench.Checkpoints("elsewhere"), Has.Length.EqualTo(5), "2, 3, 4, 5 and 6");
        ResumeBench.AssertEqual(_bench["whole"], _bench["elsewhere"]);
    }

    [Test]
    public async Task Paths_that_lead_to_something_else_are_refused()
    {
        PpoRunOptions options = await Interrupted("inputs");
        string other = _bench.Write("other.jsonl", File.ReadAllText(_bench["prompts.jsonl"]).Replace("ca e", "ca f", StringComparison.Ordinal));
        await Refused(options with { Prompts = new PromptsOptions { Path = other } }, "prompts: its content is not what it was");
        await Refused(options with { Validation = options.Validation! with { Prompts = other } }, "validation: its content is not what it was");
        string model = Proximal.Tests.Cli.TinyTokenizer.Write(new Proximal.Tests.Models.TinyModel { Seed = 5 }.Write(_bench["other"]));
        await Refused(options with { Reference = model }, "reference: its content is not what it was");
    }

    [Test]
    public async Task Without_schedules_a_run_may_get_more_steps_also_when_it_was_finished()
    {
        PpoRunOptions options = Constant("short", 3);
        await _bench.Run(options);
        await _bench.Run(Constant("long", 5));
        Assert.That(
            () => _bench.Resume(Constant("short", 2)),
            Throws.TypeOf<CheckpointException>().With.Message.Contains("has done 3 steps already, and 2 are wanted"));
        PpoRunResult result = await _bench.Resume(Constant("short", 5));
        Assert.That(result, Has.Property("Steps").EqualTo(5).And.Property("WasFinished").EqualTo(false));
        ResumeBench.AssertEqual(_bench["long"], _bench["short"]);

        PpoRunOptions Constant(string run, int steps)
        {
            PpoRunOptions plain = _bench.Options(run);
            var optimizer = new OptimizerOptions { LearningRate = 1e-3, Schedule = ScheduleKind.Constant, WarmupFraction = 0 };
            return plain with { Validation = null, Ppo = plain.Ppo with { Steps = steps, Actor = optimizer, Critic = optimizer } };
        }
    }

    [Test]
    public async Task Rows_that_were_taken_out_behind_its_back_are_noticed()
    {
        PpoRunOptions options = await Interrupted("edited");
        string metrics = _bench["edited", RunFolder.MetricsFile];
        string whole = File.ReadAllText(metrics);
        File.WriteAllText(metrics, whole[..^20]);
        await Refused<RunFolderException>(options, "metrics.jsonl has changed since the checkpoint");
        File.WriteAllText(metrics, whole.Replace("\"step\":1", "\"step\":100", StringComparison.Ordinal));
        await Refused<RunFolderException>(options, "metrics.jsonl has changed since the checkpoint");
        File.WriteAllText(metrics, whole);
        await _bench.Resume(options);
    }

    [Test]
    public async Task A_run_in_the_folder_is_not_disturbed()
    {
        PpoRunOptions options = _bench.Options("busy");
        var inside = new TaskCompletionSource();
        var leave = new TaskCompletionSource();
        var slow = new DelegateReward("slow", async (batch, _) =>
        {
            inside.TrySetResult();
            await leave.Task;
            return new RewardResult { Scores = new float[batch.Count] };
        });
        Task<PpoRunResult> first = _bench.Run(options with { Rewards = [new DelegateRewardOptions { Reward = slow }] });
        await inside.Task;
        await Refused<RunFolderException>(options, $"busy is in use by another run (process {Environment.ProcessId}");
        Assert.That(
            () => _bench.Run(options with { Overwrite = true }),
            Throws.TypeOf<RunFolderException>().With.Message.Contains("is in use by another run"));
        leave.SetResult();
        Assert.That((await first).Steps, Is.EqualTo(6));
    }

    [Test]
    public async Task A_reward_that_fails_loses_nothing()
    {
        int calls = 0;
        bool broken = true;
        var moody = new DelegateReward("moody", (batch, _) => broken && ++calls == 4
            ? throw new InvalidDataException("enough")
            : ValueTask.FromResult(new RewardResult { Scores = [.. batch.Rows.Select(row => (float)row.ResponseTokens[0])] }));
        PpoRunOptions options = _bench.Options("moody") with
        {
            Rewards = [new DelegateRewardOptions { Reward = moody }],
            Validation = null,
            Checkpoints = new CheckpointOptions { Every = 0 },
        };
        Assert.That(() => _bench.Run(options), Throws.TypeOf<RewardException>());
        Assert.That(_bench.Checkpoints("moody"), Is.EqualTo(new[] { "step-000003" }));
        broken = false;
        await _bench.Resume(options);
        await _bench.Run(options with { Output = _bench["cheerful"] });
        ResumeBench.AssertEqual(_bench["cheerful"], _bench["moody"]);
    }

    [Test]
    public async Task The_best_checkpoint_is_the_one_its_metric_names()
    {
        PpoRunOptions options = _bench.Options("best") with
        {
            Checkpoints = new CheckpointOptions
            {
                Every = 1,
                KeepLast = 1,
                KeepBest = new KeepBestOptions { Metric = "validation/reward_mean", Better = MetricDirection.Lower },
            },
        };
        await _bench.Run(options);
        double[] rewards = [.. ResumeBench.Rows(_bench["best"]).Select(row =>
            System.Text.Json.Nodes.JsonNode.Parse(row)!["validation/reward_mean"]?.GetValue<double>() ?? double.PositiveInfinity)];
        int best = Array.IndexOf(rewards, rewards[1..].Min(), 1);
        Assert.That(_bench.Checkpoints("best"), Is.EquivalentTo(new[] { $"step-{best:D6}", "step-000006" }.Distinct()));
        await _bench.Run(options with
        {
            Output = _bench["misspelt"],
            Checkpoints = new CheckpointOptions { KeepBest = new KeepBestOptions { Metric = "validation/reward_maen" } },
        });
        Assert.That(_bench.Warnings.Single(), Does.Contain("keep_best.metric").And.Contain("did you mean 'validation/reward_mean'?"));
    }

    [Test]
    public async Task An_overwritten_run_leaves_no_checkpoints()
    {
        PpoRunOptions options = await Interrupted("again");
        Assert.That(
            () => _bench.Run(options), Throws.TypeOf<RunFolderException>().With.Message.Contains("set overwrite, or go on with --resume"));
        await _bench.Run(options with { Overwrite = true, Ppo = options.Ppo with { Steps = 2 }, Checkpoints = new CheckpointOptions { Every = 0 } });
        Assert.That(_bench.Checkpoints("again"), Is.EqualTo(new[] { "step-000002" }));
    }

    private async Task<PpoRunOptions> Interrupted(string run)
    {
        PpoRunOptions options = _bench.Options(run);
        await _bench.Interrupt(options, report => report is { Phase: PpoPhase.Committed, Step: 3 });
        return options;
    }

    private string Lexicon(string name, string text)
    {
        File.WriteAllText(_bench[name], text);
        return _bench[name];
    }

    private Task Refused(PpoRunOptions options, string message) => Refused<CheckpointException>(options, message);

    private async Task Refused<T>(PpoRunOptions options, string message)
        where T : Exception
    {
        try
        {
            await _bench.Resume(options);
        }
        catch (T refusal)
        {
            Assert.That(refusal.Message, Does.Contain(message));
            return;
        }

        Assert.Fail($"not refused: {message}");
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private sealed class Notes(List<string> notes) : IProgress<PpoProgress>
    {
        public void Report(PpoProgress value)
        {
            if (value.Note is { } note)
            {
                notes.Add(note);
            }
        }
    }
}
