using System.Text.Json;
using NUnit.Framework;
using Proximal.ChatTemplates;
using Proximal.Data;
using Proximal.Evaluation;
using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Tests.Cli;
using Proximal.Training;
using Proximal.Training.Ppo;
using Proximal.Training.RewardModel;
using Proximal.Training.Sft;

namespace Proximal.Tests.Runs;

/// <summary>Runs on rows of messages: what the model's template makes of them, a template of the run's own, and what a resumed run compares.</summary>
public sealed class ConversationRunTests
{
    private const string Template = "{% for m in messages %}{{ m.role[0] }}{{ m.content }} {% endfor %}{% if add_generation_prompt %}a{% endif %}";

    private TinyFolder _tiny = null!;

    [SetUp]
    public void Write_the_inputs()
    {
        _tiny = new TinyFolder();
        File.WriteAllText(Path.Combine(_tiny.Model, "chat_template.jinja"), Template);
        _tiny.Write("talks.jsonl", Rows(i => new { messages = new[] { Says("user", i), Says("assistant", i + 1), Says("user", i + 2), Says("assistant", i + 3) } }));
        _tiny.Write("pairs.jsonl", Rows(i => i % 2 == 0
            ? (object)new { prompt = new[] { Says("user", i) }, chosen = new[] { Says("assistant", 3) }, rejected = new[] { Says("assistant", 9) } }
            : new { chosen = new[] { Says("user", i), Says("assistant", 3) }, rejected = new[] { Says("user", i), Says("assistant", 9) } }));
        _tiny.Write("prompts.jsonl", Rows(i => i % 2 == 0
            ? (object)new { messages = new[] { Says("user", i) } }
            : new { prompt = new[] { Says("system", 7), Says("user", i) } }));
    }

    [TearDown]
    public void Remove_them() => _tiny.Dispose();

    [Test]
    public async Task The_stages_take_messages()
    {
        SupervisedRunResult sft = await new SftRun(Sft()).RunAsync();
        SupervisedRunResult reward = await new RewardModelRun(RewardModel(sft.ModelFolder)).RunAsync();
        PpoRunResult ppo = await new PpoRun(Ppo(sft.ModelFolder, reward.ModelFolder)).RunAsync();
        JsonElement sample = JsonElement.Parse(File.ReadLines(Path.Combine(ppo.Folder, RunFolder.SamplesFile)).First());
        Assert.Multiple(() =>
        {
            Assert.That(sft.Metrics["validation/loss"], Is.LessThan(4));
            Assert.That(reward.Normalization!.Source, Is.EqualTo("answers sampled to prompts.jsonl"));
            Assert.That(ppo.Metrics["invariant/first_ratio_deviation"], Is.Zero);
            Assert.That(sample.GetProperty("prompt").GetString(), Does.Match("^(sh )?u. a$"), "the text that the model reads");
            Assert.That(File.ReadAllText(Path.Combine(ppo.ModelFolder, "chat_template.jinja")), Is.EqualTo(Template));
        });
    }

    [Test]
    public async Task Other_tokens_are_learned_when_another_part_of_the_conversation_is_wanted()
    {
        var losses = new List<double>();
        foreach (ChatLoss loss in Enum.GetValues<ChatLoss>())
        {
            SftRunOptions options = Sft() with { Output = _tiny[$"sft-{loss}"], Sft = Sft().Sft with { MaxSteps = 1 } };
            SupervisedRunResult result = await new SftRun(options with { Data = options.Data with { LossOn = loss } }).RunAsync();
            losses.Add(result.Metrics["train/loss"]);
        }

        Assert.That(losses.Distinct().Count(), Is.EqualTo(3), "each has a loss of its own");
    }

    [Test]
    public void A_model_without_a_template_is_an_error_with_a_way_out()
    {
        File.Delete(Path.Combine(_tiny.Model, "chat_template.jinja"));
        Assert.Multiple(() =>
        {
            Assert.That(() => new SftRun(Sft()).RunAsync(), Throws.TypeOf<DataFileException>().With.Message.Contains("talks.jsonl:").And.Message.Contains("the key chat_template"));
            Assert.That(() => new RewardModelRun(RewardModel(_tiny.Model)).RunAsync(), Throws.TypeOf<DataFileException>().With.Message.Contains("pairs.jsonl:"));
            Assert.That(() => new PpoRun(Ppo(_tiny.Model, null)).RunAsync(), Throws.TypeOf<DataFileException>().With.Message.Contains("prompts.jsonl:1:"));
        });
    }

    [Test]
    public async Task The_runs_own_template_takes_the_place_of_the_models()
    {
        File.Delete(Path.Combine(_tiny.Model, "chat_template.jinja"));
        string own = _tiny.Write("own.jinja", "{% for m in messages %}{{ m.role[0] }}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}");
        SupervisedRunResult sft = await new SftRun(Sft() with { ChatTemplate = own }).RunAsync();
        string checkpoint = Directory.GetDirectories(Path.Combine(sft.Folder, "checkpoints")).First();
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllText(Path.Combine(sft.ModelFolder, "chat_template.jinja")), Is.EqualTo(File.ReadAllText(own)));
            Assert.That(Directory.GetFiles(checkpoint, "chat_template.jinja", SearchOption.AllDirectories), Is.Not.Empty);
        });
    }

    [Test]
    public async Task A_resumed_run_refuses_another_template()
    {
        using var cancellation = new CancellationTokenSource();
        SftRunOptions options = Sft() with { ChatTemplate = _tiny.Write("own.jinja", Template), Checkpoints = new CheckpointOptions { Every = 1 } };
        var progress = new Reports(value =>
        {
            if (value is { Phase: Proximal.Training.Supervised.SupervisedPhase.Committed, Step: 1 })
            {
                cancellation.Cancel();
            }
        });
        Assert.CatchAsync<OperationCanceledException>(() => new SftRun(options).RunAsync(progress, cancellation.Token));

        // The same text, but another part of it is what the assistant says.
        _tiny.Write("own.jinja", Template.Replace("{{ m.content }}", "{% generation %}{{ m.content }}{% endgeneration %}", StringComparison.Ordinal));
        Assert.That(() => new SftRun(options).ResumeAsync(), Throws.TypeOf<CheckpointException>().With.Message.Contains("data: its content is not what it was"));
        _tiny.Write("own.jinja", Template);
        SupervisedRunResult result = await new SftRun(options).ResumeAsync();
        Assert.That(result.ResumedAfter, Is.EqualTo(1));
    }

    [Test]
    public async Task A_template_that_writes_the_time_writes_that_of_the_start_when_the_run_is_resumed()
    {
        using var cancellation = new CancellationTokenSource();
        string text = "{{ strftime_now('%Y') | replace('2', 'b') | replace('0', 'c') }}" + Template;
        SftRunOptions options = Sft() with { ChatTemplate = _tiny.Write("own.jinja", text), Checkpoints = new CheckpointOptions { Every = 1 } };
        var progress = new Reports(value =>
        {
            if (value is { Phase: Proximal.Training.Supervised.SupervisedPhase.Committed, Step: 1 })
            {
                cancellation.Cancel();
            }
        });
        Assert.CatchAsync<OperationCanceledException>(() => new SftRun(options).RunAsync(progress, cancellation.Token));

        // The run started long ago, as far as its folder knows: its rows are then others than those of its first part.
        string summary = Path.Combine(_tiny["sft"], RunSummary.File);
        string then = await File.ReadAllTextAsync(summary);
        RunSummary read = RunSummary.Read(_tiny["sft"])!;
        (read with { Started = read.Started.AddYears(-1000) }).Write(_tiny["sft"]);
        Assert.That(() => new SftRun(options).ResumeAsync(), Throws.TypeOf<CheckpointException>().With.Message.Contains("data: its content"));
        await File.WriteAllTextAsync(summary, then);
        Assert.That((await new SftRun(options).ResumeAsync()).ResumedAfter, Is.EqualTo(1));
    }

    [Test]
    public async Task Evaluations_answer_messages()
    {
        EvaluationReport report = await new EvaluationRun(new EvaluationRunOptions
        {
            Baseline = _tiny.Model,
            Model = _tiny.Model,
            Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] },
            Rewards = [new LengthRewardOptions()],
            Evaluation = new EvaluationOptions { Samples = 1, MaxNewTokens = 3, ToxicitySamples = 0, Resamples = 10 },
            Threads = 1,
        }).RunAsync();
        Assert.That(report.Result.Pairs.Select(pair => pair.PromptText), Is.All.Match("^(sh )?u. a$"));
    }

    private static string Rows(Func<int, object> row) =>
        string.Concat(Enumerable.Range(0, 12).Select(i => JsonSerializer.Serialize(row(i)) + "\n"));

    private static object Says(string role, int letter) => new { role, content = ((char)('a' + letter)).ToString() };

    private SftRunOptions Sft() => new()
    {
        Model = _tiny.Model,
        Data = new SftDataOptions { Path = _tiny["talks.jsonl"] },
        Validation = new SupervisedValidationOptions { Fraction = 0.25 },
        Sft = new SftOptions { Epochs = 2, BatchSize = 3, Optimizer = new OptimizerOptions { LearningRate = 1e-2 } },
        Output = _tiny["sft"],
        Threads = 1,
    };

    private RewardModelRunOptions RewardModel(string model) => new()
    {
        Model = model,
        Data = new PreferenceDataOptions { Path = _tiny["pairs.jsonl"] },
        Validation = new SupervisedValidationOptions { Fraction = 0.25 },
        RewardModel = new RewardModelOptions { BatchSize = 4, Optimizer = new OptimizerOptions { LearningRate = 1e-2 } },
        Normalization = new NormalizationOptions { Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] }, MaxNewTokens = 4 },
        Output = _tiny["rm"],
        Threads = 1,
    };

    private PpoRunOptions Ppo(string model, string? rewardModel) => new()
    {
        Model = model,
        Prompts = new PromptsOptions { Path = _tiny["prompts.jsonl"] },
        Validation = new ValidationOptions { Prompts = _tiny["prompts.jsonl"], Samples = 1 },
        Rewards = rewardModel is null ? [new LengthRewardOptions()] : [new RewardModelRewardOptions { Path = rewardModel }],
        Ptx = new PtxOptions { Path = _tiny["talks.jsonl"], Sequences = 2, LossOn = ChatLoss.LastAssistant },
        Ppo = new PpoOptions { Steps = 2, PromptsPerStep = 4, MaxNewTokens = 5 },
        Output = _tiny["ppo"],
        Threads = 1,
    };

    private sealed class Reports(Action<Proximal.Training.Supervised.SupervisedProgress> report)
        : IProgress<Proximal.Training.Supervised.SupervisedProgress>
    {
        public void Report(Proximal.Training.Supervised.SupervisedProgress value) => report(value);
    }
}
