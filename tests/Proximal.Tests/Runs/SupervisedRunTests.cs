using System.Text.Json;
using NUnit.Framework;
using Proximal.Data;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Tests.Cli;
using Proximal.Tests.Models;
using Proximal.Training;
using Proximal.Training.Ppo;
using Proximal.Training.RewardModel;
using Proximal.Training.Sft;

namespace Proximal.Tests.Runs;

/// <summary>SFT, a reward model on its model, and PPO against that: each run from the folder of the one before.</summary>
public sealed class SupervisedRunTests
{
    private TinyFolder _tiny = null!;

    [SetUp]
    public void Write_the_inputs()
    {
        _tiny = new TinyFolder();
        _tiny.Write("prompts.jsonl", "{\"prompt\":\"ab\"}\n{\"prompt\":\"c\"}\n{\"prompt\":\"de f\"}\n");
        _tiny.Write("rows.jsonl", string.Concat(Enumerable.Range(0, 12).Select(i => $"{{\"prompt\":\"{(char)('a' + i)}\",\"response\":\" bed\"}}\n")));
        _tiny.Write("pairs.jsonl", string.Concat(Enumerable.Range(0, 12).Select(i =>
            $"{{\"prompt\":\"{(char)('a' + i)}\",\"chosen\":\" bed{(char)('a' + i)}\",\"rejected\":\" {(i == 0 ? "beda" : "xyx")}\"}}\n")));
    }

    [TearDown]
    public void Remove_them() => _tiny.Dispose();

    [Test]
    public async Task An_sft_run_leaves_its_curves_and_the_best_model()
    {
        SupervisedRunResult result = await new SftRun(Sft()).RunAsync();
        JsonElement[] rows = Rows(result.Folder);
        string table = await File.ReadAllTextAsync(Interop.Tool.InRepository("managed", "Proximal", "Runs", "METRICS.md"));
        Assert.Multiple(() =>
        {
            Assert.That(rows.Select(row => row.GetProperty("step").GetInt32()), Is.EqualTo(Enumerable.Range(0, 10)), "the start and 3 epochs of 9 rows in 3 steps");
            Assert.That(rows[^1].GetProperty("validation/loss").GetDouble(), Is.LessThan(rows[0].GetProperty("validation/loss").GetDouble()));
            Assert.That(result.BestMetrics["validation/loss"], Is.LessThanOrEqualTo(result.Metrics["validation/loss"]));
            Assert.That(Directory.GetFiles(result.ModelFolder).Select(Path.GetFileName), Is.SupersetOf(new[] { "config.json", "model.safetensors", "tokenizer.json" }));
            Assert.That(result.Notes, Is.EqualTo(new[] { "9 examples", "3 validation examples" }));
            Assert.That(RunSummary.Read(result.Folder)!.Kind, Is.EqualTo(RunKind.Sft));
            foreach (string name in rows.SelectMany(row => row.EnumerateObject()).Select(curve => curve.Name).Where(name => name != "step").Distinct())
            {
                Assert.That(table, Does.Contain($"`{name}`"));
            }
        });
    }

    [Test]
    public async Task A_reward_model_run_stores_its_normalisation_with_the_model()
    {
        SupervisedRunResult result = await new RewardModelRun(RewardModel()).RunAsync();
        JsonElement[] rows = Rows(result.Folder);
        string table = await File.ReadAllTextAsync(Interop.Tool.InRepository("managed", "Proximal", "Runs", "METRICS.md"));
        using var engine = new Engine(new EngineOptions { Threads = 1 });
        using LanguageModel model = LanguageModel.Load(engine, result.ModelFolder);
        Assert.Multiple(() =>
        {
            Assert.That(model.Info.Head, Is.EqualTo(ModelHead.Scalar));
            Assert.That(result.Notes[0], Is.EqualTo("1 pairs of pairs.jsonl have the same answer twice and were left out"));
            Assert.That(RewardNormalization.Read(result.ModelFolder), Is.EqualTo(result.Normalization));
            Assert.That(result.Normalization!.Count, Is.EqualTo(2 * 8), "both answers of the training pairs");
            Assert.That(rows[^1].GetProperty("validation/accuracy_low").GetDouble(), Is.LessThan(1));
            Assert.That(RunSummary.Read(result.Folder)!.Kind, Is.EqualTo(RunKind.RewardModel));
            foreach (string name in rows.SelectMany(row => row.EnumerateObject()).Select(curve => curve.Name).Where(name => name != "step").Distinct())
            {
                Assert.That(table, Does.Contain($"`{name}`"));
            }
        });
    }

    [Test]
    public async Task Scores_are_normalised_on_answers_that_the_start_model_samples()
    {
        RewardModelRunOptions options = RewardModel() with
        {
            Normalization = new NormalizationOptions { Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] }, Samples = 2, MaxNewTokens = 4 },
        };
        SupervisedRunResult result = await new RewardModelRun(options).RunAsync();
        Assert.Multiple(() =>
        {
            Assert.That(result.Normalization!.Count, Is.EqualTo(6));
            Assert.That(result.Normalization.Source, Is.EqualTo("answers sampled to prompts.jsonl"));
        });
    }

    [Test]
    public void Sampling_for_the_normalisation_is_reported_and_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Reports(value =>
        {
            if (value is { Phase: Proximal.Training.Supervised.SupervisedPhase.Normalization, Step: 0, Total: 3 * 400 })
            {
                cancellation.Cancel();
            }
        });
        RewardModelRunOptions options = RewardModel() with
        {
            Normalization = new NormalizationOptions { Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] }, Samples = 400, MaxNewTokens = 40 },
        };
        Assert.CatchAsync<OperationCanceledException>(() => new RewardModelRun(options).RunAsync(progress, cancellation.Token));
        Assert.That(cancellation.IsCancellationRequested, Is.True, "it was the sampling that ended the run");
    }

    [Test]
    public async Task The_three_stages_follow_each_other()
    {
        SupervisedRunResult sft = await new SftRun(Sft()).RunAsync();
        SupervisedRunResult reward = await new RewardModelRun(RewardModel() with { Model = sft.ModelFolder }).RunAsync();
        PpoRunResult ppo = await new PpoRun(Ppo(sft.ModelFolder, reward.ModelFolder)).RunAsync();
        Assert.Multiple(() =>
        {
            Assert.That(ppo.Metrics, Does.ContainKey("reward/model").And.ContainKey("reward/model/raw").And.ContainKey("ptx/loss"));
            Assert.That(ppo.Metrics["ptx/loss"], Is.GreaterThan(0));
            Assert.That(Path.Combine(ppo.Folder, RunFolder.AverageFolder, "tokenizer.json"), Does.Exist);
        });
    }

    [Test]
    public async Task Random_weights_start_any_stage()
    {
        Directory.CreateDirectory(_tiny["start"]);
        File.Copy(Path.Combine(_tiny.Model, "config.json"), _tiny["start", "config.json"]);
        TinyTokenizer.Write(_tiny["start"]);
        var start = new ModelSource { Init = _tiny["start", "config.json"], Seed = 3 };
        SupervisedRunResult sft = await new SftRun(Sft() with { Model = start }).RunAsync();
        SupervisedRunResult reward = await new RewardModelRun(RewardModel() with { Model = start }).RunAsync();
        PpoRunResult ppo = await new PpoRun(Ppo(start, reward.ModelFolder) with { Ptx = null }).RunAsync();
        Assert.That(new[] { sft.ModelFolder, reward.ModelFolder, ppo.ModelFolder }, Is.All.Matches<string>(folder => File.Exists(Path.Combine(folder, "model.safetensors"))));
    }

    [Test]
    public void A_reward_model_of_another_tokenizer_or_without_normalisation_is_refused()
    {
        string other = new TinyModel { Vocabulary = 31, Classifier = true }.Write(_tiny["other"]);
        string same = new TinyModel { Classifier = true }.Write(_tiny["same"]);
        PpoRunOptions With(RewardModelRewardOptions reward) => Ppo(_tiny.Model, same) with { Rewards = [reward] };
        Assert.Multiple(() =>
        {
            Assert.That(
                () => new PpoRun(With(new RewardModelRewardOptions { Path = other, Normalize = false })).RunAsync(),
                Throws.ArgumentException.With.Message.Contains("'model' has 31 token ids, the policy 29"));
            Assert.That(
                () => new PpoRun(With(new RewardModelRewardOptions { Path = same })).RunAsync(),
                Throws.ArgumentException.With.Message.Contains("has no reward_normalization.json").And.Message.Contains("set normalize: false"));
            Assert.That(
                () => new PpoRun(With(new RewardModelRewardOptions { Path = _tiny.Model, Normalize = false })).RunAsync(),
                Throws.ArgumentException.With.Message.Contains("name a reward model"));
            Assert.That(
                () => new PpoRun(Ppo(_tiny.Model, same) with { Rewards = [new LengthRewardOptions()], CriticFrom = CriticStart.RewardModel }),
                Throws.ArgumentException.With.Message.Contains("no reward is of type model"));
        });
    }

    [Test]
    public async Task A_run_that_is_cancelled_keeps_the_rows_of_its_steps_and_no_model()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Reports(value =>
        {
            if (value is { Phase: Proximal.Training.Supervised.SupervisedPhase.Committed, Step: 2 })
            {
                cancellation.Cancel();
            }
        });
        Assert.CatchAsync<OperationCanceledException>(() => new SftRun(Sft()).RunAsync(progress, cancellation.Token));
        Assert.Multiple(() =>
        {
            Assert.That(Rows(_tiny["sft"]).Select(row => row.GetProperty("step").GetInt32()), Is.EqualTo(new[] { 0, 1, 2 }));
            Assert.That(Directory.Exists(_tiny["sft", "model"]), Is.False);
            Assert.That(RunSummary.Read(_tiny["sft"])!.State, Is.EqualTo(RunState.Interrupted));
        });
        await Task.CompletedTask;
    }

    [Test]
    public void Options_that_contradict_each_other_are_refused()
    {
        void Refused(SftRunOptions options, string says) =>
            Assert.That(() => new SftRun(options), Throws.InstanceOf<ArgumentException>().With.Message.Contains(says));
        Assert.Multiple(() =>
        {
            Refused(Sft() with { Model = new ModelSource() }, "Expected either a path");
            Refused(Sft() with { Model = new ModelSource { Path = "a", Init = "b" } }, "Expected either a path");
            Refused(Sft() with { Validation = new SupervisedValidationOptions() }, "Expected either path");
            Refused(Sft() with { Validation = new SupervisedValidationOptions { Fraction = 1 } }, "strictly between 0 and 1");
            Refused(Sft() with { Data = new SftDataOptions { Path = "x", MaxTokens = 1 } }, "One token is no sequence");
            Refused(Sft() with { Data = new SftDataOptions { Path = "x", Fields = new SftFields { Prompt = "" } } }, "Prompt is empty");
            Assert.That(
                () => new SftRun(Sft() with { Data = Sft().Data with { MaxTokens = 65 } }).RunAsync(),
                Throws.ArgumentException.With.Message.Contains("max_tokens is 65, more than the model's context of 64"));
            Assert.That(
                () => new SftRun(Sft() with { Data = Sft().Data with { EndTokenId = 29 } }).RunAsync(),
                Throws.ArgumentException.With.Message.Contains("The end token 29 is none of the model's"));
        });
    }

    private SftRunOptions Sft() => new()
    {
        Model = _tiny.Model,
        Data = new SftDataOptions { Path = _tiny["rows.jsonl"] },
        Validation = new SupervisedValidationOptions { Fraction = 0.25 },
        Sft = new SftOptions { Epochs = 3, BatchSize = 3, Optimizer = new OptimizerOptions { LearningRate = 1e-2 } },
        Output = _tiny["sft"],
        Threads = 1,
    };

    private RewardModelRunOptions RewardModel() => new()
    {
        Model = _tiny.Model,
        Data = new PreferenceDataOptions { Path = _tiny["pairs.jsonl"] },
        Validation = new SupervisedValidationOptions { Fraction = 0.25 },
        RewardModel = new RewardModelOptions { Epochs = 2, BatchSize = 4, Optimizer = new OptimizerOptions { LearningRate = 1e-2 } },
        Output = _tiny["rm"],
        Threads = 1,
    };

    private PpoRunOptions Ppo(ModelSource model, string rewardModel) => new()
    {
        Model = model,
        Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] },
        Rewards = [new RewardModelRewardOptions { Path = rewardModel }, new RepetitionRewardOptions { N = 2, Weight = -1 }],
        Ptx = new PtxOptions { Path = _tiny["rows.jsonl"], Sequences = 2 },
        Ppo = new PpoOptions { Steps = 2, PromptsPerStep = 4, MaxNewTokens = 5, Ema = new PpoEmaOptions { Decay = 0.5 } },
        Output = _tiny["ppo"],
        Threads = 1,
    };

    private static JsonElement[] Rows(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, RunFolder.MetricsFile)).Select(line => JsonElement.Parse(line))];

    private sealed class Reports(Action<Proximal.Training.Supervised.SupervisedProgress> report)
        : IProgress<Proximal.Training.Supervised.SupervisedProgress>
    {
        public void Report(Proximal.Training.Supervised.SupervisedProgress value) => report(value);
    }
}
