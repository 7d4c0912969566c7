using System.Globalization;
using Proximal.Reports;

namespace Proximal.Evaluation;

/// <summary>The figures of an evaluation as rows of text, for terminal, page and Markdown alike.</summary>
internal static class EvaluationTable
{
    /// <summary>What the rows' cells are.</summary>
    public static IReadOnlyList<string> Header(EvaluationReport report) => ["", report.BaselineLabel, report.ModelLabel, "difference"];

    /// <summary>The rows: what it is, the baseline's, the model's, the difference.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(EvaluationResult result)
    {
        if (result.Reward is { } reward)
        {
            yield return Row("reward", reward.Score);
            foreach ((string name, Comparison part) in reward.Components.Count > 1 ? reward.Components : new Dictionary<string, Comparison>())
            {
                yield return Row($"reward/{name}", part);
            }

            yield return ["win rate", "", Percent(reward.WinRate), Record(reward)];
            yield return ["win rate, length-controlled", "", Percent(reward.LengthControlledWinRate), ""];
        }

        if (result.Judge is { } judge)
        {
            yield return Row($"judge ({judge.Name})", judge.Score);
            yield return ["win rate by the judge", "", Percent(judge.WinRate), Record(judge)];
            yield return ["by the judge, length-controlled", "", Percent(judge.LengthControlledWinRate), ""];
        }

        yield return ["KL to the baseline, nats a response", "", Text(result.Kl), ""];
        foreach ((string name, Comparison distance) in result.References)
        {
            yield return Row($"KL to {name}", distance);
        }

        yield return Row("tokens a response", result.Length);
        yield return PercentRow("ended by themselves", result.EndRate);
        yield return Row("distinct-1", result, text => text.Distinct1);
        yield return Row("distinct-2", result, text => text.Distinct2);
        yield return Row("distinct-3", result, text => text.Distinct3);
        yield return Row("repetition", result, text => text.Repetition);
        if (result.Toxicity is { } toxicity)
        {
            yield return PercentRow("toxic on sensitive prompts", toxicity.Rate);
        }
    }

    /// <summary>A number with its interval.</summary>
    public static string Text(Estimate estimate) => $"{Figures.Short(estimate.Value)} [{Figures.Short(estimate.Low)}, {Figures.Short(estimate.High)}]";

    /// <summary>A share with its interval, in percent.</summary>
    public static string Percent(Estimate estimate) => string.Create(
        CultureInfo.InvariantCulture, $"{100 * estimate.Value:0.0} % [{100 * estimate.Low:0.0}, {100 * estimate.High:0.0}]");

    private static string[] Row(string name, Comparison comparison) =>
        [name, Text(comparison.Baseline), Text(comparison.Model), Sign(comparison.Difference) + Text(comparison.Difference)];

    private static string[] PercentRow(string name, Comparison comparison) =>
        [name, Percent(comparison.Baseline), Percent(comparison.Model), Sign(comparison.Difference) + Percent(comparison.Difference)];

    private static string[] Row(string name, EvaluationResult result, Func<TextStatistics, double> of)
    {
        double baseline = of(result.BaselineText);
        double model = of(result.ModelText);
        return [name, Figures.Short(baseline), Figures.Short(model), (model > baseline ? "+" : "") + Figures.Short(model - baseline)];
    }

    private static string Sign(Estimate difference) => difference.Value > 0 ? "+" : "";

    private static string Record(RewardComparison reward) =>
        string.Create(CultureInfo.InvariantCulture, $"{reward.Wins} won, {reward.Ties} tied, {reward.Losses} lost");
}
