using System.Globalization;
using Proximal.Evaluation;
using Proximal.Reports;

namespace Proximal.WarmStories.Report;

/// <summary>What the demo says in the terminal: a line a stage, and ten at the end, each at most 80 characters.</summary>
internal static class DemoLines
{
    /// <summary>The most characters of a line.</summary>
    public const int Width = 80;

    /// <summary>What is about to happen.</summary>
    public const string Start = "A small model learns to write warmer stories: seven parts, minutes on two cores.";

    /// <summary>What the data are.</summary>
    public static string Of(DemoData data) => Line(
        "1/7 data",
        $"{data.Stories.Count()} warm stories, {data.Reward.Count} + {data.Judge.Count} pairs to learn from, {data.Test.Count()} to test");

    /// <summary>What a run came to.</summary>
    public static string Of(DemoStage stage, RunData run) => stage switch
    {
        DemoStage.FineTuning => Line("2/7 fine-tuning", $"loss on stories kept aside {First(run, "validation/loss")} -> {Low(run, "validation/loss")}", run),
        DemoStage.RewardModel => Line("3/7 reward model", $"right on {Accuracy(run)} of the test pairs", run),
        DemoStage.Judge => Line("4/7 judge", $"right on {Accuracy(run)} of the test pairs", run),
        DemoStage.Ppo => Line("5/7 PPO", Reward(run), run),
        _ => Line("6/7 PPO, base reference", Reward(run), run),
    };

    /// <summary>Ten lines of plain words.</summary>
    public static IEnumerable<string> Conclusion(DemoFigures figures)
    {
        EvaluationResult result = figures.Evaluation;
        RewardComparison reward = result.Reward!;
        RewardComparison judge = result.Judge!;
        yield return Invariant($"A model of {Millions(figures.Parameters)} parameters was trained to write warm stories, in {Figures.Duration(figures.Elapsed)}.");
        yield return Invariant($"Fine-tuning on {figures.Data.Stories.Count()} stories: loss {First(figures.Sft, "validation/loss")} -> {Low(figures.Sft, "validation/loss")} nats a token on unseen ones.");
        yield return Invariant($"A reward model learned from {figures.Data.Reward.Count} pairs: right on {Accuracy(figures.RewardModel)} of {figures.Data.Test.Count()} that it never saw.");
        yield return Invariant($"For comparison, on the same pairs: length alone {Percent(figures.Baselines.Length)}, counting words {Percent(figures.Baselines.BagOfWords)}.");
        yield return Invariant($"PPO, {figures.Ppo.LastStep} steps: reward {Signed(reward.Score.Difference)} standard deviations, new prompts.");
        yield return Invariant($"{Percent(reward.WinRate.Value)} of its stories beat the fine-tuned model's, on {result.Prompts} prompts not trained on.");
        yield return Invariant($"A judge that PPO never met: {Signed(judge.Score.Difference)}. {Confirms(judge)}");
        yield return Invariant($"It moved {Short(result.Kl.Value)} nats a story; variety kept {Percent(Kept(result))}; stories ended {Percent(result.EndRate.Baseline.Value)} -> {Percent(result.EndRate.Model.Value)}.");
        yield return Invariant($"Held to the base model instead: reward {Plus(figures.BaseReference.Reward!.Score.Difference.Value)}, judge {Plus(figures.BaseReference.Judge!.Score.Difference.Value)}, {Short(figures.BaseReference.Kl.Value)} nats.");
        yield return Invariant($"Is the reward being gamed? {DemoVerdicts.GamingShort(figures)}");
    }

    /// <summary>A share as a whole number of percent.</summary>
    public static string Percent(double share) => double.IsFinite(share) ? Invariant($"{100 * share:0} %") : "-";

    /// <summary>A number with its sign and interval.</summary>
    public static string Signed(Estimate estimate) => Invariant($"{Plus(estimate.Value)} ({Plus(estimate.Low)} to {Plus(estimate.High)})");

    /// <summary>A number with its sign and two decimals.</summary>
    public static string Plus(double value) => value.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);

    /// <summary>A number with one decimal.</summary>
    public static string Short(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>Parameters in millions.</summary>
    public static string Millions(long parameters) => Invariant($"{parameters / 1e6:0.0#} million");

    /// <summary>How much of the variety of word pairs is left.</summary>
    public static double Kept(EvaluationResult result) => result.ModelText.Distinct2 / result.BaselineText.Distinct2;

    private static string Confirms(RewardComparison judge) => judge.Score.Difference.IsAbove(0) ? "It confirms the gain."
        : judge.Score.Difference.IsBelow(0) ? "It contradicts the gain." : "It doesn't confirm it.";

    private static string Reward(RunData run) =>
        $"reward {Plus(Figure(run, "validation/reward/" + DemoRuns.Warmth, curve => curve.First))} -> {Plus(Figure(run, "validation/reward/" + DemoRuns.Warmth, curve => curve.Last))}, judge {Plus(Figure(run, "validation/reward/" + DemoRuns.JudgeName, curve => curve.Last))}, KL {Short(Figure(run, "validation/kl", curve => curve.Last))}";

    private static string Accuracy(RunData run) => Percent(DemoFigures.Last(run, "validation/accuracy"));

    private static string First(RunData run, string metric) => Invariant($"{Figure(run, metric, curve => curve.First):0.00}");

    private static string Low(RunData run, string metric) => Invariant($"{Figure(run, metric, curve => curve.Min):0.00}");

    private static double Figure(RunData run, string metric, Func<Curve, double> of) => run.Curves.TryGetValue(metric, out Curve? curve) ? of(curve) : double.NaN;

    private static string Line(string head, string text, RunData? run = null)
    {
        string took = run?.Summary is { Ended: { } ended, Started: var started } ? $" ({Figures.Duration(ended - started)})" : string.Empty;
        return $"{head,-25}{text}{took}";
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
