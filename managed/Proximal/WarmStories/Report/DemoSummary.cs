using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Evaluation;
using Proximal.Reports;

namespace Proximal.WarmStories.Report;

/// <summary>The figures of a demo as JSON; DEMO.md lists the keys.</summary>
internal static class DemoSummary
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(DemoFigures figures)
    {
        EvaluationResult result = figures.Evaluation;
        var root = new JsonObject
        {
            ["seed"] = figures.Options.Seed,
            ["version"] = typeof(DemoSummary).Assembly.GetName().Version!.ToString(3),
            ["started"] = figures.Started.ToString("O"),
            ["seconds"] = Math.Round(figures.Elapsed.TotalSeconds, 1),
            ["resumed"] = figures.Resumed,
            ["parameters"] = figures.Parameters,
            ["eval"] = new JsonObject
            {
                ["n_prompts"] = result.Prompts,
                ["samples"] = result.Samples,
                ["reward"] = Score(result.Reward!),
                ["judge_reward"] = Score(result.Judge!),
                ["kl"] = Number(result.Kl.Value),
                ["kl_ci"] = Interval(result.Kl),
                ["distinct_2"] = Both(result.BaselineText.Distinct2, result.ModelText.Distinct2),
                ["repetition"] = Both(result.BaselineText.Repetition, result.ModelText.Repetition),
                ["eos_rate"] = Both(result.EndRate.Baseline.Value, result.EndRate.Model.Value),
                ["length"] = Both(result.Length.Baseline.Value, result.Length.Model.Value),
            },
            ["reward_model"] = Scorer(figures.RewardModel, figures),
            ["judge"] = Scorer(figures.Judge),
            ["reference"] = new JsonObject
            {
                ["sft"] = Reference(result),
                ["base"] = Reference(figures.BaseReference),
                ["sft_kl_to_base"] = Number(figures.FineTuning.References[DemoRuns.BaseName].Model.Value),
                ["reward_advantage"] = Estimated(figures.RewardAdvantage),
                ["judge_advantage"] = Estimated(figures.JudgeAdvantage),
            },
            ["gaming"] = new JsonObject
            {
                ["granted_by_judge"] = Number(figures.Granted),
                ["along_the_run"] = AlongTheRun(figures.Ppo),
            },
        };
        return root.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Score(RewardComparison reward) => new()
    {
        ["sft"] = Number(reward.Score.Baseline.Value),
        ["ppo"] = Number(reward.Score.Model.Value),
        ["diff"] = Number(reward.Score.Difference.Value),
        ["diff_ci"] = Interval(reward.Score.Difference),
        ["win_rate"] = Number(reward.WinRate.Value),
        ["win_rate_ci"] = Interval(reward.WinRate),
    };

    private static JsonObject Scorer(RunData run, DemoFigures? rules = null)
    {
        var node = new JsonObject
        {
            ["test_accuracy"] = Number(DemoFigures.Last(run, "validation/accuracy")),
            ["test_accuracy_ci"] = new JsonArray(
                Number(DemoFigures.Last(run, "validation/accuracy_low")), Number(DemoFigures.Last(run, "validation/accuracy_high"))),
        };
        if (rules is not null)
        {
            node["test_triples"] = rules.Data.Test.Count();
            node["bag_of_words"] = Number(rules.Baselines.BagOfWords);
            node["length_rule"] = Number(rules.Baselines.Length);
        }

        return node;
    }

    private static JsonObject Reference(EvaluationResult result) => new()
    {
        ["reward"] = Estimated(result.Reward!.Score.Difference),
        ["judge_reward"] = Estimated(result.Judge!.Score.Difference),
        ["kl_to_sft"] = Number(result.Kl.Value),
        ["kl_to_base"] = Number(result.References[DemoRuns.BaseName].Model.Value),
        ["eos_rate"] = Number(result.EndRate.Model.Value),
        ["distinct_2"] = Number(result.ModelText.Distinct2),
        ["repetition"] = Number(result.ModelText.Repetition),
    };

    private static JsonArray AlongTheRun(RunData run) => new(
    [
        .. DemoCurves.AlongTheRun(run).Select(point => new JsonObject
        {
            ["step"] = point.Step,
            ["kl"] = Number(point.Kl),
            ["reward"] = Number(point.Reward),
            ["judge"] = Number(point.Judge),
        }),
    ]);

    private static JsonObject Both(double sft, double ppo) => new() { ["sft"] = Number(sft), ["ppo"] = Number(ppo) };

    private static JsonObject Estimated(Estimate estimate) => new() { ["value"] = Number(estimate.Value), ["ci"] = Interval(estimate) };

    private static JsonArray Interval(Estimate estimate) => new(Number(estimate.Low), Number(estimate.High));

    /// <summary>JSON has no number that is not finite.</summary>
    private static JsonValue? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
