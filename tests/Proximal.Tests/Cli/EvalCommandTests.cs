using System.Text.Json;
using NUnit.Framework;
using Proximal.Evaluation;
using Proximal.Rewards;
using Proximal.Tests.Models;

namespace Proximal.Tests.Cli;

public sealed class EvalCommandTests
{
    private TinyFolder _tiny = null!;
    private string _other = null!;
    private string _prompts = null!;

    [SetUp]
    public void Write_two_models()
    {
        _tiny = new TinyFolder(new TinyModel { Context = 128 });
        _other = TinyTokenizer.Write(new TinyModel { Seed = 2, Context = 128 }.Write(_tiny["other"]));
        _prompts = _tiny.Write("prompts.jsonl", "{\"prompt\":\"ab\"}\n{\"prompt\":\"c\"}\n{\"prompt\":\"de f\"}\n");
    }

    [TearDown]
    public void Remove_them() => _tiny.Dispose();

    [Test]
    public void A_table_goes_to_standard_output_and_the_folder_gets_everything()
    {
        CliRun run = Eval("--set", "rewards=[{type: length}, {type: repetition, weight: -1}]", "--set", "judge={type: length, target: 3}", "--output", _tiny["out"]);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Error, Is.Empty);
            Assert.That(run.Output, Does.Match(@"^ +\S+/model +other +difference\nreward +\S+ \[\S+, \S+\] "));
            Assert.That(run.Output, Does.Contain("\nwin rate, length-controlled ").And.Contain("\nreward/repetition ").And.Contain("\nwin rate by the judge "));
            Assert.That(run.Output, Does.Contain("\ntoxic on sensitive prompts "));
            Assert.That(run.Output, Does.EndWith($"\n{_tiny["out", "eval.html"]}\n"));
            Assert.That(File.ReadAllLines(_tiny["out", "pairs.jsonl"]), Has.Length.EqualTo(6));
            Assert.That(File.ReadAllText(_tiny["out", "eval.md"]), Does.Match(@"^# other against \S+/model\n"));
            Assert.That(File.ReadAllText(_tiny["out", "eval.html"]), Does.Match(@"<h1>other against \S+/model</h1>").And.Not.Contain("http://").And.Not.Contain("https://"));
        });
        JsonElement figures = JsonElement.Parse(File.ReadAllText(_tiny["out", "eval.json"]));
        IReadOnlyList<EvaluationPair> pairs = EvaluationFolder.ReadPairs(_tiny["out"]);
        Assert.Multiple(() =>
        {
            Assert.That(figures.GetProperty("prompts").GetInt32(), Is.EqualTo(3));
            Assert.That(figures.GetProperty("reward").GetProperty("components").GetProperty("length").GetProperty("model").GetProperty("value").GetDouble(),
                Is.EqualTo(pairs.Average(pair => pair.Model.Tokens.Count)).Within(1e-9));
            Assert.That(figures.GetProperty("reward").GetProperty("wins").GetInt32(), Is.EqualTo(pairs.Count(pair => pair.Model.Score > pair.Baseline.Score)));
            Assert.That(figures.GetProperty("kl").GetProperty("value").GetDouble(), Is.EqualTo(pairs.Average(pair => pair.Model.LogRatios.Sum())).Within(1e-5));
            Assert.That(pairs[5].PromptText, Is.EqualTo("de f"));
            Assert.That(pairs[5].Model.JudgeScore, Is.Not.Null);
        });
    }

    [Test]
    public void A_reward_model_can_be_the_judge()
    {
        string judge = TinyTokenizer.Write(new TinyModel { Seed = 3, Context = 128, Classifier = true }.Write(_tiny["judge"]));
        new RewardNormalization(0.5, 2, 10, "a test").Write(judge);
        CliRun run = Eval("--judge", judge, "--json");
        Assert.That(run.Code, Is.Zero, run.Error);
        JsonElement score = JsonElement.Parse(run.Output).GetProperty("judge").GetProperty("model").GetProperty("value");
        Assert.That(score.GetDouble(), Is.Not.Zero);
    }

    [Test]
    public void Json_on_standard_output_is_the_file()
    {
        CliRun run = Eval("--json", "--output", _tiny["out"]);
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Is.EqualTo(File.ReadAllText(_tiny["out", "eval.json"])));
        Assert.That(JsonElement.Parse(run.Output).GetProperty("reward").ValueKind, Is.EqualTo(JsonValueKind.Null), "no reward was given");
    }

    [Test]
    public void The_configuration_of_the_folder_evaluates_the_same_again()
    {
        Assert.That(Eval("--output", _tiny["out"]).Code, Is.Zero);
        CliRun again = CliRun.Of(string.Empty, "eval", "-c", _tiny["out", "config.yaml"], "--output", _tiny["second"], "--json");
        Assert.That(again.Code, Is.Zero, again.Error);
        Assert.That(again.Output, Is.EqualTo(File.ReadAllText(_tiny["out", "eval.json"])));
    }

    [Test]
    public void An_evaluation_is_replaced_on_demand_only_and_votes_never()
    {
        Assert.That(Eval("--output", _tiny["out"]).Code, Is.Zero);
        CliRun refused = Eval("--output", _tiny["out"]);
        CliRun replaced = Eval("--output", _tiny["out"], "--set", "overwrite=true");
        File.WriteAllText(_tiny["out", "votes.jsonl"], string.Empty);
        CliRun votes = Eval("--output", _tiny["out"], "--set", "overwrite=true");
        Assert.Multiple(() =>
        {
            Assert.That(refused.Code, Is.EqualTo(3));
            Assert.That(refused.Error, Does.Contain("holds an evaluation already").And.Contain("overwrite"));
            Assert.That(replaced.Code, Is.Zero, replaced.Error);
            Assert.That(votes.Code, Is.EqualTo(3));
            Assert.That(votes.Error, Does.Contain("votes.jsonl"));
        });
    }

    [Test]
    public void What_is_missing_is_named()
    {
        CliRun noModel = CliRun.Of(string.Empty, "eval", "--baseline", _tiny.Model, "--prompts", _prompts);
        CliRun noFile = CliRun.Of(string.Empty, "eval", "--baseline", _tiny.Model, "--model", _tiny["absent"], "--prompts", _prompts);
        CliRun noReward = Eval("--set", "rewards=[{type: lengthy}]");
        Assert.Multiple(() =>
        {
            Assert.That((noModel.Code, noModel.Error), Is.EqualTo((2, "error: Option '--model' is required, unless a file is given with --config.\nSee `proximal eval --help`.\n")));
            Assert.That(noFile.Code, Is.EqualTo(3));
            Assert.That(noFile.Error, Does.Contain("absent does not exist").And.Contain("--model PATH"));
            Assert.That(noReward.Code, Is.EqualTo(2));
            Assert.That(noReward.Error, Does.Contain("did you mean 'length'"));
        });
    }

    [Test]
    public void A_judge_asks_blind_and_counts()
    {
        Assert.That(Eval("--output", _tiny["out"]).Code, Is.Zero);
        int different = EvaluationFolder.ReadPairs(_tiny["out"]).Count(pair => pair.Baseline.Text != pair.Model.Text);
        CliRun first = CliRun.Of("1\nnonsense\n2\nq\n", "judge", _tiny["out"], "--overall");
        CliRun rest = CliRun.Of(string.Concat(Enumerable.Repeat("=\n", 10)), "judge", _tiny["out"], "--overall", "--json");
        JsonElement result = JsonElement.Parse(rest.Output);
        JsonElement overall = result.GetProperty("questions").GetProperty("overall");
        Assert.Multiple(() =>
        {
            Assert.That(first.Code, Is.Zero, first.Error);
            Assert.That(first.Error, Does.Contain("'nonsense' is no answer").And.Contain("--- pair 1 of").And.Not.Contain("odel").And.Not.Contain("aseline"), "blind");
            Assert.That(first.Output, Does.Contain("2 of ").And.Contain("Wilson"));
            Assert.That(rest.Code, Is.Zero, rest.Error);
            Assert.That(result.GetProperty("judged").GetInt32(), Is.EqualTo(different));
            Assert.That(overall.GetProperty("ties").GetInt32(), Is.EqualTo(different - 2));
            Assert.That(overall.GetProperty("model").GetInt32() + overall.GetProperty("baseline").GetInt32(), Is.EqualTo(2));
            Assert.That(File.ReadAllLines(_tiny["out", "votes.jsonl"]), Has.Length.EqualTo(different));
        });
    }

    [Test]
    public void Two_models_answer_first_and_four_questions_are_asked()
    {
        string[] arguments = ["judge", _tiny.Model, _other, "--prompts", _prompts, "--output", _tiny["duel"], "--set", "evaluation.max_new_tokens=6"];
        CliRun first = CliRun.Of("1\n1\n1\n1\ns\n", arguments);
        CliRun second = CliRun.Of(string.Empty, arguments);
        Assert.Multiple(() =>
        {
            Assert.That(first.Code, Is.Zero, first.Error);
            Assert.That(first.Error, Does.Contain("Which helps more?").And.Contain("Which is safer?").And.Contain("Which reads better?").And.Contain("Which does more"));
            Assert.That(first.Output, Does.Contain("\nhelpfulness ").And.Contain("\ninstruction "));
            Assert.That(second.Code, Is.Zero, second.Error);
            Assert.That(second.Error, Does.Contain("has responses already: going on"));
            Assert.That(second.Output, Does.Contain("1 of "));
        });
    }

    [Test]
    public void A_judge_without_an_evaluation_is_told_how_to_get_one()
    {
        CliRun none = CliRun.Of(string.Empty, "judge", _tiny.Model);
        CliRun noPrompts = CliRun.Of(string.Empty, "judge", _tiny.Model, _other, "--output", _tiny["x"]);
        Assert.That(none.Error, Does.Contain("pairs.jsonl").And.Contain("proximal eval --output"));
        Assert.That((none.Code, noPrompts.Code), Is.EqualTo((3, 2)));
        Assert.That(noPrompts.Error, Does.Contain("'--prompts' is required with two models"));
    }

    private CliRun Eval(params string[] more) => CliRun.Of(
        string.Empty,
        ["eval", "--baseline", _tiny.Model, "--model", _other, "--prompts", _prompts, "--set", "evaluation={samples: 2, max_new_tokens: 6, resamples: 100, toxicity_samples: 1}", .. more]);
}
