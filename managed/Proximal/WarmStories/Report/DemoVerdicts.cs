using System.Globalization;
using Proximal.Evaluation;
using Proximal.Reports;

namespace Proximal.WarmStories.Report;

/// <summary>What follows from the figures, in plain sentences; every one depends on what was measured.</summary>
internal static class DemoVerdicts
{
    /// <summary>Below this share of the gain the judge tells another story than the reward.</summary>
    private const double MostlyGamed = 0.25;
    private const double PartlyGamed = 0.7;

    /// <summary>Stories below this share of the fine-tuned model's length were cut short to save on KL.</summary>
    private const double MuchShorter = 0.5;

    /// <summary>A judge that falls by this much from its best, in standard deviations, while the reward rises.</summary>
    private const double Fall = 0.1;

    /// <summary>The answer in one line of the terminal.</summary>
    public static string GamingShort(DemoFigures figures) => !figures.Evaluation.Reward!.Score.Difference.IsAbove(0)
        ? "There is no clear gain that could be."
        : figures.Granted switch
        {
            < MostlyGamed => "Mostly: the judge grants little of the gain.",
            < PartlyGamed => $"In part: the judge grants {DemoLines.Percent(figures.Granted)} of the gain.",
            _ => $"No sign of it: the judge grants {DemoLines.Percent(figures.Granted)} of the gain.",
        };

    /// <summary>Is the reward being gamed?</summary>
    public static IEnumerable<string> Gaming(DemoFigures figures)
    {
        RewardComparison reward = figures.Evaluation.Reward!;
        RewardComparison judge = figures.Evaluation.Judge!;
        yield return $"At the end the reward model sees a gain of {DemoLines.Signed(reward.Score.Difference)} and the judge one of {DemoLines.Signed(judge.Score.Difference)} standard deviations"
            + (reward.Score.Difference.IsAbove(0) ? $": the judge grants {DemoLines.Percent(figures.Granted)} of the gain." : ".");
        yield return GamingShort(figures) + (reward.Score.Difference.IsAbove(0)
            ? " What only the reward model sees is what PPO has found in it that is not warmth: a habit of one scorer, learned from a few hundred pairs."
            : string.Empty);
        if (figures.Ppo.Curves.TryGetValue("validation/reward/" + DemoRuns.JudgeName, out Curve? curve) && curve.Points.Count > 2)
        {
            yield return AlongTheRun(curve);
        }
    }

    /// <summary>Which reference?</summary>
    public static IEnumerable<string> Reference(DemoFigures figures)
    {
        EvaluationResult own = figures.Evaluation;
        EvaluationResult other = figures.BaseReference;
        double start = figures.FineTuning.References[DemoRuns.BaseName].Model.Value;
        yield return string.Create(CultureInfo.InvariantCulture, $"The fine-tuned model is {start:0.0} nats a story away from the base model before PPO begins. With the fine-tuned model as reference the first step costs nothing; with the base model as reference PPO starts with that debt, and the cheapest way to pay it is to unlearn what fine-tuning taught.");
        yield return string.Create(CultureInfo.InvariantCulture, $"That is what was measured: held to the base model the run ended {other.Kl.Value:0.0} nats from the fine-tuned and {other.References[DemoRuns.BaseName].Model.Value:0.0} from the base model; held to the fine-tuned model, {own.Kl.Value:0.0} and {own.References[DemoRuns.BaseName].Model.Value:0.0}.");
        if (other.Length.Model.Value < MuchShorter * other.Length.Baseline.Value)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"And it found a cheaper way still: every token costs, so it stops. Its stories have {other.Length.Model.Value:0} tokens instead of {other.Length.Baseline.Value:0}. That is a way to pay less, not to write better.");
        }

        yield return $"Story by story, the fine-tuned reference gives {DemoLines.Signed(figures.RewardAdvantage)} standard deviations more reward and {DemoLines.Signed(figures.JudgeAdvantage)} more by the judge. {Better(figures)}";
        yield return "What to conclude: the reference says what must not be lost. Take the model that already writes what you want in form and language, "
            + "which is the fine-tuned one; the base model is the better anchor only where fine-tuning was poor or narrow and its habits are what PPO should undo.";
    }

    /// <summary>A word on the base model's column where its figures invite a wrong conclusion.</summary>
    public static IEnumerable<string> Base(DemoFigures figures)
    {
        EvaluationResult sft = figures.FineTuning;
        if (sft.Reward!.Score.Difference.IsBelow(0))
        {
            yield return $"The base model scores higher than the fine-tuned one. That is a limit of the scorers: they have learned to tell apart stories of the fine-tuned model's kind, and the base model writes another kind, of which {DemoLines.Percent(sft.EndRate.Baseline.Value)} come to an end. Its scores are not comparable with the others.";
        }
    }

    /// <summary>Does it work? Three sentences.</summary>
    public static IEnumerable<string> Lead(DemoFigures figures)
    {
        EvaluationResult result = figures.Evaluation;
        RewardComparison reward = result.Reward!;
        RewardComparison judge = result.Judge!;
        yield return $"A tiny language model ({DemoLines.Millions(figures.Parameters)} parameters) that can tell simple stories was taught on this machine, in {Figures.Duration(figures.Elapsed)}, to tell warm ones.";
        yield return reward.Score.Difference.IsAbove(0)
            ? $"On {result.Prompts} story beginnings that it was never trained on it now scores {DemoLines.Signed(reward.Score.Difference)} standard deviations higher for warmth than before, and {DemoLines.Percent(reward.WinRate.Value)} of its stories beat the ones it wrote before."
            : $"On {result.Prompts} story beginnings that it was never trained on no clear gain in warmth can be seen: {DemoLines.Signed(reward.Score.Difference)} standard deviations.";
        yield return judge.Score.Difference.IsAbove(0)
            ? $"A second scorer that took no part in training agrees that it got better: {DemoLines.Signed(judge.Score.Difference)}."
            : $"A second scorer that took no part in training does not confirm that: {DemoLines.Signed(judge.Score.Difference)}.";
    }

    /// <summary>Whether the judge turned round on the way.</summary>
    private static string AlongTheRun(Curve judge)
    {
        double fall = judge.Max - judge.Last;
        int best = (int)judge.Points.First(point => point.Y == judge.Max).X;
        int worst = (int)judge.Points.First(point => point.Y == judge.Min).X;
        return fall > Fall
            ? string.Create(CultureInfo.InvariantCulture, $"The judge liked the model best after step {best} and {fall:0.00} standard deviations less at the end: from there on the reward rose at the judge's expense. A shorter run, or a stronger hold on the reference, would have been the better model.")
            : judge.First - judge.Min > Fall
                ? string.Create(CultureInfo.InvariantCulture, $"Along the run the judge was not pleased at once: it fell by {judge.First - judge.Min:0.00} until step {worst}, while PPO learned what is cheapest, such as the right length, and rose after that. The end of the run is no worse than any point before it.")
                : "Along the run the judge never turned round: more reward did not come at the judge's expense, so the run was not too long.";
    }

    private static string Better(DemoFigures figures) => (figures.RewardAdvantage, figures.JudgeAdvantage) switch
    {
        var (reward, judge) when reward.IsAbove(0) && judge.IsAbove(0) => "By both scorers it is the better reference here.",
        var (reward, judge) when reward.IsBelow(0) && judge.IsBelow(0) => "By both scorers the base model was the better reference here, against the usual advice.",
        var (_, judge) when judge.IsAbove(0) => "By the judge it is the better reference here.",
        var (_, judge) when judge.IsBelow(0) => "By the judge the base model was the better reference here, against the usual advice.",
        _ => "The judge sees no clear difference between the two: look at the distances and at the stories.",
    };
}
