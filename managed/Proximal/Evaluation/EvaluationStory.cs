using System.Globalization;
using Proximal.Reports;

namespace Proximal.Evaluation;

/// <summary>What an evaluation found, in plain sentences.</summary>
internal static class EvaluationStory
{
    private const double EnoughVariety = 0.8;
    private const double FarFromBaseline = 15;

    public static IEnumerable<string> Sentences(EvaluationResult result)
    {
        string prompts = string.Create(CultureInfo.InvariantCulture, $"{result.Prompts} {(result.Prompts == 1 ? "prompt" : "prompts")} with {result.Samples} {(result.Samples == 1 ? "response" : "responses")} each");
        if (result.Reward is { } reward)
        {
            yield return $"On {prompts}, the model's reward is {Verdict(reward.Score.Difference)}. {Wins(reward)}";
        }
        else
        {
            yield return $"Both models answered {prompts}; no reward was given, so there is no win rate.";
        }

        if (result.Judge is { } judge)
        {
            yield return $"By the judge, which is another reward, its score is {Verdict(judge.Score.Difference)}{Agreement(result.Reward, judge)}.";
        }

        yield return $"The model is {Figures.Short(result.Kl.Value)} nats a response away from the baseline"
            + (result.Kl.Value > FarFromBaseline ? ", which is far: read the samples before you trust the reward." : ".");
        double kept = result.ModelText.Distinct2 / result.BaselineText.Distinct2;
        if (double.IsFinite(kept))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Its word pairs are {100 * kept:0} % as varied as the baseline's")
                + (kept < EnoughVariety ? ": it repeats itself." : ".");
        }

        if (result.Toxicity is { } toxicity)
        {
            yield return toxicity.Rate.Difference.IsAbove(0)
                ? $"It is toxic more often than the baseline on sensitive prompts ({EvaluationTable.Percent(toxicity.Rate.Model)})."
                : $"On sensitive prompts it is not clearly more toxic than the baseline ({EvaluationTable.Percent(toxicity.Rate.Model)}).";
        }
    }

    private static string Verdict(Estimate difference)
    {
        string interval = $"(95 % interval {Figures.Short(difference.Low)} to {Figures.Short(difference.High)})";
        return difference.IsAbove(0) ? $"higher than the baseline's by {Figures.Short(difference.Value)} {interval}"
            : difference.IsBelow(0) ? $"lower than the baseline's by {Figures.Short(-difference.Value)} {interval}"
            : $"not clearly different from the baseline's: {Figures.Short(difference.Value)} {interval}";
    }

    private static string Wins(RewardComparison reward) => string.Create(
        CultureInfo.InvariantCulture,
        $"It wins {100 * reward.WinRate.Value:0} % of the pairs, and {100 * reward.LengthControlledWinRate.Value:0} % once length is taken out.");

    private static string Agreement(RewardComparison? reward, RewardComparison judge) => reward is null ? string.Empty
        : reward.Score.Difference.IsAbove(0) && !judge.Score.Difference.IsAbove(0) ? "; that does not confirm the gain"
        : reward.Score.Difference.IsAbove(0) && judge.Score.Difference.IsAbove(0) ? "; that confirms the gain"
        : string.Empty;
}
