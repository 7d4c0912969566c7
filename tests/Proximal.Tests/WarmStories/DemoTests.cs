using System.Text.Json;
using NUnit.Framework;
using Proximal.Evaluation;
using Proximal.Runs;
using Proximal.Tests.Reports;
using Proximal.WarmStories;

namespace Proximal.Tests.WarmStories;

/// <summary>The whole demo at a tiny setting.</summary>
public sealed class DemoTests
{
    private static readonly string[] Keys =
    [
        "seed", "seconds", "eval.n_prompts", "eval.samples", "eval.reward.sft", "eval.reward.ppo", "eval.reward.diff", "eval.reward.diff_ci", "eval.reward.win_rate",
        "eval.judge_reward.sft", "eval.judge_reward.ppo", "eval.judge_reward.diff", "eval.judge_reward.diff_ci", "eval.kl", "eval.distinct_2.sft", "eval.distinct_2.ppo",
        "eval.repetition.sft", "eval.repetition.ppo", "eval.eos_rate.sft", "eval.eos_rate.ppo", "reward_model.test_accuracy", "reward_model.test_accuracy_ci",
        "reward_model.bag_of_words", "reward_model.length_rule", "judge.test_accuracy", "reference.sft.kl_to_base", "reference.base.kl_to_sft",
        "reference.judge_advantage.ci", "gaming.granted_by_judge", "gaming.along_the_run",
    ];

    private static readonly string[] Runs = ["sft", "reward-model", "judge", "ppo", "ppo-base-reference"];

    private TinyDemo _tiny = null!;
    private DemoResult _result = null!;
    private JsonElement _summary;

    [OneTimeSetUp]
    public async Task Run_it_once()
    {
        _tiny = new TinyDemo();
        var seen = new List<DemoProgress>();
        _result = await new Demo(_tiny.Options("demo")).RunAsync(new Recorder(seen));
        _summary = Read("demo", "summary.json");
        Assert.Multiple(() =>
        {
            Assert.That(seen.Select(progress => progress.Share), Is.Ordered, "the bar never goes back");
            Assert.That(seen[^1].Share, Is.EqualTo(1).Within(1e-9));
            Assert.That(seen.Select(progress => progress.Stage).Distinct(), Is.EqualTo(Enum.GetValues<DemoStage>()));
            Assert.That(seen.Count(progress => progress.Line is not null), Is.EqualTo(7), "what begins, the data, and a line for each part that trains something");
        });
    }

    [OneTimeTearDown]
    public void Remove_it() => _tiny.Dispose();

    [Test]
    public void Every_part_leaves_a_folder_of_the_usual_kind()
    {
        Assert.Multiple(() =>
        {
            foreach (string run in Runs)
            {
                Assert.That(RunSummary.Read(_tiny["demo", run])!.State, Is.EqualTo(RunState.Finished), run);
                Assert.That(File.Exists(_tiny["demo", run, "model", "config.json"]), run);
            }

            foreach (string evaluation in new[] { "eval", "eval-base-reference", "eval-sft" })
            {
                Assert.That(EvaluationFolder.ReadPairs(_tiny["demo", evaluation]), Has.Count.EqualTo(8), evaluation);
            }
        });
    }

    [Test]
    public void No_test_prompt_is_trained_on_and_the_judge_learns_from_other_prompts_than_the_reward_model()
    {
        string[] Prompts(string file) => [.. File.ReadLines(_tiny["demo", "data", file]).Select(line => JsonElement.Parse(line).GetProperty("prompt").GetString()!).Distinct()];
        string[] test = Prompts("test-prompts.jsonl");
        string[] reward = Prompts("reward-triples.jsonl");
        string[] judge = Prompts("judge-triples.jsonl");
        Assert.Multiple(() =>
        {
            Assert.That(test, Has.Length.EqualTo(4));
            Assert.That(Prompts("test-triples.jsonl"), Is.EqualTo(test));
            Assert.That(Prompts("stories.jsonl").Concat(Prompts("training-prompts.jsonl")).Intersect(test), Is.Empty);
            Assert.That(reward.Concat(judge).Intersect(test), Is.Empty);
            Assert.That(reward.Intersect(judge), Is.Empty);
            Assert.That(reward.Union(judge), Is.EquivalentTo(Prompts("training-prompts.jsonl")));
            Assert.That(reward, Has.Length.EqualTo(6));
        });
    }

    [Test]
    public void The_summary_has_every_key() => Assert.Multiple(() =>
    {
        foreach (string key in Keys)
        {
            JsonElement node = _summary;
            foreach (string part in key.Split('.'))
            {
                Assert.That(node.TryGetProperty(part, out node), Is.True, key);
            }
        }
    });

    [Test]
    public void The_summary_says_what_the_runs_and_evaluations_say()
    {
        JsonElement evaluation = Read("demo", "eval", "eval.json");
        JsonElement rewardModel = Read("demo", "reward-model", "summary.json").GetProperty("metrics");
        JsonElement eval = _summary.GetProperty("eval");
        Assert.Multiple(() =>
        {
            Assert.That(eval.GetProperty("n_prompts").GetInt32(), Is.EqualTo(4));
            Assert.That(Number(eval, "reward", "ppo"), Is.EqualTo(Number(evaluation, "reward", "model", "value")));
            Assert.That(Number(eval, "judge_reward", "sft"), Is.EqualTo(Number(evaluation, "judge", "baseline", "value")));
            Assert.That(eval.GetProperty("judge_reward").GetProperty("diff_ci")[1].GetDouble(), Is.EqualTo(Number(evaluation, "judge", "difference", "high")));
            Assert.That(Number(eval, "kl"), Is.EqualTo(Number(evaluation, "kl", "value")));
            Assert.That(Number(eval, "eos_rate", "ppo"), Is.EqualTo(Number(evaluation, "end_rate", "model", "value")));
            Assert.That(Number(eval, "repetition", "sft"), Is.EqualTo(Number(evaluation, "repetition", "baseline")));
            Assert.That(Number(_summary, "reward_model", "test_accuracy"), Is.EqualTo(Number(rewardModel, "validation/accuracy", "last")));
            Assert.That(Number(_summary, "reference", "sft", "kl_to_base"), Is.EqualTo(Number(evaluation, "references", "base", "model", "value")));
            Assert.That(_summary.GetProperty("gaming").GetProperty("along_the_run").EnumerateArray().Select(point => point.GetProperty("step").GetInt32()), Is.EqualTo(new[] { 0, 2, 4 }));
        });
    }

    /// <summary>The advantage is the mean difference within pairs, so it is the difference of the two gains.</summary>
    [Test]
    public void The_two_references_are_compared_story_by_story() => Assert.That(
        Number(_summary, "reference", "judge_advantage", "value"),
        Is.EqualTo(Number(_summary, "reference", "sft", "judge_reward", "value") - Number(_summary, "reference", "base", "judge_reward", "value")).Within(1e-9));

    [Test]
    public void Ten_lines_of_at_most_eighty_characters_and_two_stories()
    {
        EvaluationPair[] pairs = [.. EvaluationFolder.ReadPairs(_tiny["demo", "eval"])];
        Assert.Multiple(() =>
        {
            Assert.That(_result.Lines, Has.Count.EqualTo(10));
            Assert.That(_result.Lines, Has.All.Matches<string>(line => line.Length is > 20 and <= 80));
            Assert.That(pairs, Has.Some.Matches<EvaluationPair>(pair =>
                pair.PromptText == _result.Prompt && pair.Baseline.Text.Trim() == _result.Before && pair.Model.Text.Trim() == _result.After));
            Assert.That(_result.Report, Is.EqualTo(_tiny["demo", "report.html"]));
        });
    }

    [Test]
    public void The_page_is_whole_alone_and_answers_every_question()
    {
        string html = File.ReadAllText(_tiny["demo", "report.html"]);
        string markdown = File.ReadAllText(_tiny["demo", "report.md"]);
        Assert.Multiple(() =>
        {
            Assert.That(HtmlChecks.Outside(html), Is.Empty);
            Assert.That(HtmlChecks.Unbalanced(html), Is.Empty);
            Assert.That(html, Does.Not.Contain("NaN").And.Not.Contain("{figures"));
            foreach (string section in new[] { "What &quot;warm&quot; means here", "What happened", "Did it work?", "Stories before and after", "Which reference?", "Is the reward being gamed?", "Limits" })
            {
                Assert.That(html.Replace("\"warm\"", "&quot;warm&quot;", StringComparison.Ordinal), Does.Contain($"<h2>{section}</h2>"), section);
            }

            foreach (string section in new[] { "What \"warm\" means here", "What happened", "Did it work?", "Stories before and after", "Which reference?", "Is the reward being gamed?", "Limits" })
            {
                Assert.That(markdown, Does.Contain($"\n## {section}\n"), section);
            }
        });
    }

    [TestCase(DemoStage.RewardModel)]
    [TestCase(DemoStage.Ppo)]
    [TestCase(DemoStage.Evaluation)]
    public async Task An_interrupted_demo_goes_on_and_gives_the_same(DemoStage stage)
    {
        DemoOptions options = _tiny.Options($"interrupted-{stage}");
        using var wish = new CancellationTokenSource();
        var cancels = new Callback(progress =>
        {
            if (progress.Stage == stage && !progress.Text.EndsWith("loading", StringComparison.Ordinal))
            {
                wish.Cancel();
            }
        });
        Assert.That(async () => await new Demo(options).RunAsync(cancels, wish.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(File.Exists(Path.Combine(options.Output, "summary.json")), Is.False);
        DemoResult result = await new Demo(options).ResumeAsync();
        Assert.Multiple(() =>
        {
            Assert.That(result.Lines.Skip(1), Is.EqualTo(_result.Lines.Skip(1)), "but for the time it took");
            foreach (string run in Runs)
            {
                Assert.That(Model(options.Output, run), Is.EqualTo(Model(_tiny["demo"], run)), run);
            }
        });
    }

    [Test]
    public async Task Another_seed_trains_other_models()
    {
        DemoOptions options = _tiny.Options("other", seed: 2);
        await new Demo(options).RunAsync();
        Assert.That(Model(options.Output, "ppo"), Is.Not.EqualTo(Model(_tiny["demo"], "ppo")));
    }

    [Test]
    public void A_folder_that_is_taken_is_refused_with_what_to_do()
    {
        _tiny.Write("file", "x");
        Directory.CreateDirectory(_tiny["mine"]);
        _tiny.Write(Path.Combine("mine", "letter.txt"), "x");
        Assert.Multiple(() =>
        {
            Assert.That(Refusal("demo", resume: false), Does.EndWith("holds a demo already: name another output folder, or go on with --resume."));
            Assert.That(Refusal("file", resume: false), Does.EndWith("is a file: name a folder."));
            Assert.That(Refusal("mine", resume: false), Does.EndWith("is not empty: name another output folder."));
            Assert.That(Refusal("mine", resume: true), Does.Contain("holds no demo to go on with"));
            Assert.That(Refusal("nothing", resume: true), Does.Contain("holds no demo to go on with"));
        });
        Assert.That(Directory.Exists(_tiny["nothing"]), Is.False);
    }

    [Test]
    public void A_demo_is_not_gone_on_with_under_another_seed() => Assert.That(
        async () => await new Demo(_tiny.Options("demo", seed: 9)).ResumeAsync(),
        Throws.TypeOf<Proximal.Runs.Checkpoints.CheckpointException>().With.Message.Contains("seed was 1 and is 9 now"));

    private string? Refusal(string folder, bool resume)
    {
        var demo = new Demo(_tiny.Options(folder));
        return Assert.ThrowsAsync<RunFolderException>(() => resume ? demo.ResumeAsync() : demo.RunAsync())?.Message;
    }

    private static byte[] Model(string demo, string run) => File.ReadAllBytes(Path.Combine(demo, run, "model", "model.safetensors"));

    private JsonElement Read(params string[] parts) => JsonElement.Parse(File.ReadAllText(_tiny[parts]));

    private static double Number(JsonElement node, params string[] path) => path.Aggregate(node, (at, name) => at.GetProperty(name)).GetDouble();

    private sealed class Recorder(List<DemoProgress> seen) : IProgress<DemoProgress>
    {
        public void Report(DemoProgress value) => seen.Add(value);
    }

    private sealed class Callback(Action<DemoProgress> report) : IProgress<DemoProgress>
    {
        public void Report(DemoProgress value) => report(value);
    }
}
