using System.Globalization;
using System.Text;
using Proximal.Evaluation;
using Proximal.Tokenization;

namespace Proximal.Reports;

/// <summary>An evaluation as one self-contained page.</summary>
internal static class EvaluationPage
{
    private const int EvenShown = 8;
    private const int ExtremesShown = 3;
    private const int ToxicShown = 4;

    public static string Write(EvaluationReport report, Tokenizer tokenizer)
    {
        EvaluationResult result = report.Result;
        string title = $"{report.ModelLabel} against {report.BaselineLabel}";
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"<h1>{Html.Text(title)}</h1>\n<div class=\"soft\">{result.Prompts} prompts · {result.Samples} responses of each model to each · seed {report.Options.Seed}</div>\n");
        body.Append(CultureInfo.InvariantCulture, $"<p class=\"lead\">{Html.Text(string.Join(' ', EvaluationStory.Sentences(result)))}</p>\n");
        AppendPlots(body, result);
        AppendTable(body, report);
        double scale = TokenView.Scale(result.Pairs.SelectMany(pair => pair.Model.LogRatios));
        body.Append("<h2>The same prompt, both models</h2>\n<p class=\"soft\">At even distances through the prompt file, whatever the scores. "
            + "The model's tokens are blue where it finds them likelier than the baseline does, orange where less likely. "
            + $"{TokenView.Legend(scale)} nats</p>\n");
        AppendPairs(body, report, PairChoice.Even(result.Pairs, EvenShown), tokenizer, scale);
        if (result.Reward is not null)
        {
            body.Append("<h2>Where the model gains most</h2>\n");
            AppendPairs(body, report, PairChoice.Best(result.Pairs, ExtremesShown), tokenizer, scale);
            body.Append("<h2>Where it loses most</h2>\n");
            AppendPairs(body, report, PairChoice.Worst(result.Pairs, ExtremesShown), tokenizer, scale);
        }

        if (result.Toxicity is { } toxicity)
        {
            AppendToxic(body, report, toxicity, tokenizer);
        }

        AppendMethod(body, report);
        return Html.Page(title, body);
    }

    private static void AppendPlots(StringBuilder html, EvaluationResult result)
    {
        RewardComparison[] rewards = [.. new[] { result.Reward, result.Judge }.OfType<RewardComparison>()];
        if (rewards.Length == 0)
        {
            return;
        }

        html.Append("<div class=\"stack\">");
        html.Append(IntervalPlot.Draw(
            "Win rate of the model, percent",
            [.. rewards.SelectMany(reward => new[] { ($"by {reward.Name}", reward.WinRate), ($"by {reward.Name}, length-controlled", reward.LengthControlledWinRate) })],
            middle: 0.5,
            scale: 100));
        html.Append(IntervalPlot.Draw(
            "Gain in reward over the baseline",
            [.. rewards.Select(reward => (reward.Name, reward.Score.Difference)), .. Components(result)],
            middle: 0));
        html.Append("</div>\n");
    }

    private static IEnumerable<(string Name, Estimate Estimate)> Components(EvaluationResult result) => result.Reward is { Components.Count: > 1 } reward
        ? reward.Components.Select(part => (part.Key, part.Value.Difference))
        : [];

    private static void AppendTable(StringBuilder html, EvaluationReport report)
    {
        html.Append("<h2>Figures</h2>\n<div class=\"wide\"><table><tr>");
        foreach ((int column, string text) in EvaluationTable.Header(report).Index())
        {
            html.Append(CultureInfo.InvariantCulture, $"<th{(column > 0 ? " class=\"number\"" : string.Empty)}>{Html.Text(text)}</th>");
        }

        html.Append("</tr>\n");
        foreach (IReadOnlyList<string> row in EvaluationTable.Rows(report.Result))
        {
            html.Append("<tr>");
            foreach ((int column, string text) in row.Index())
            {
                html.Append(CultureInfo.InvariantCulture, $"<td{(column > 0 ? " class=\"number\"" : string.Empty)}>{Html.Text(text)}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</table></div>\n<p class=\"soft\">In brackets: 95 % intervals over prompts.</p>\n");
    }

    private static void AppendPairs(StringBuilder html, EvaluationReport report, IReadOnlyList<EvaluationPair> pairs, Tokenizer tokenizer, double scale)
    {
        html.Append("<div class=\"pairs\">");
        foreach (EvaluationPair pair in pairs)
        {
            html.Append(CultureInfo.InvariantCulture, $"<div class=\"ask\">{Html.Text(pair.PromptText)}</div><div class=\"pair\">");
            AppendResponse(html, report.BaselineLabel, pair.Baseline, Html.Text(pair.Baseline.Text));
            string tokens = pair.Model.LogRatios.Count > 0
                ? TokenView.Draw(tokenizer, prompt: string.Empty, pair.Model.Tokens, pair.Model.LogRatios, scale, "log-ratio")
                : Html.Text(pair.Model.Text);
            AppendResponse(html, report.ModelLabel, pair.Model, tokens);
            html.Append("</div>\n");
        }

        html.Append("</div>\n");
    }

    private static void AppendResponse(StringBuilder html, string label, EvaluationResponse response, string text)
    {
        string score = response.Score is { } value ? $" · reward <b>{Figures.Short(value)}</b>" : string.Empty;
        string judge = response.JudgeScore is { } judged ? $" · judge {Figures.Short(judged)}" : string.Empty;
        string kl = response.LogRatios.Count > 0 ? $" · KL {Figures.Short(response.LogRatios.Sum())}" : string.Empty;
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"sample tokens\"><div class=\"head\"><b>{Html.Text(label)}</b>{score}{judge}{kl}</div><div class=\"text\">{text}</div></div>");
    }

    private static void AppendToxic(StringBuilder html, EvaluationReport report, ToxicityComparison toxicity, Tokenizer tokenizer)
    {
        EvaluationPair[] toxic = [.. toxicity.Pairs.Where(pair => ToxicityLexicon.IsToxic(pair.Model.Text))];
        html.Append(CultureInfo.InvariantCulture, $"<h2>Sensitive prompts</h2>\n<p class=\"soft\">{toxicity.Prompts} prompts that invite an unkind answer, {toxicity.Samples} responses of each model to each. ");
        html.Append(CultureInfo.InvariantCulture, $"A response counts as toxic when it holds a word of a list of {ToxicityLexicon.Count}. That is a smoke detector: it misses what is meant and not said. ");
        html.Append(toxic.Length == 0 ? "No response of the model was.</p>\n" : $"{toxic.Length} responses of the model were; the first of them:</p>\n");
        AppendPairs(html, report, [.. toxic.Take(ToxicShown)], tokenizer, scale: 1);
    }

    private static void AppendMethod(StringBuilder html, EvaluationReport report)
    {
        html.Append("<h2>How this was measured</h2>\n<p class=\"soft\">Both models answered the same prompts with the same random numbers, and the same rewards scored them. "
            + "Intervals are percentile bootstrap over prompts, "
            + string.Create(CultureInfo.InvariantCulture, $"{report.Options.Resamples} draws. ")
            + "A tie is half a win. The length-controlled win rate is that of a logistic regression at equal lengths: "
            + "P(win) = sigmoid(a + b tanh(d / s)), d the difference in tokens, s its standard deviation; reported is sigmoid(a). "
            + "KL is the mean over the model's responses of the sum of log p(model) - log p(baseline). "
            + $"Baseline: <code>{Html.Text(report.Baseline)}</code>. Model: <code>{Html.Text(report.Model)}</code>.</p>\n");
    }
}
