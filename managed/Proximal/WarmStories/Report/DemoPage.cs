using System.Globalization;
using System.Text;
using Proximal.Evaluation;
using Proximal.Reports;

namespace Proximal.WarmStories.Report;

/// <summary>The report of a demo as one self-contained page, for a reader who knows nothing of the project.</summary>
internal static class DemoPage
{
    private const int StoriesShown = 6;
    private const int ExtremesShown = 2;
    private const string Before = "before";
    private const string After = "after";

    public static string Write(DemoFigures figures)
    {
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"<h1>{Html.Text(DemoTexts.Title)}</h1>\n<div class=\"soft\">{figures.Started:yyyy-MM-dd HH:mm} UTC · seed {figures.Options.Seed} · took {Figures.Duration(figures.Elapsed)}{(figures.Resumed ? " since it was gone on with" : string.Empty)}</div>\n");
        body.Append(CultureInfo.InvariantCulture, $"<p class=\"lead\">{Html.Text(string.Join(' ', DemoVerdicts.Lead(figures)))}</p>\n");
        AppendTiles(body, figures.Evaluation);
        AppendTypical(body, figures.Typical);
        AppendWarm(body, figures);
        AppendSteps(body, figures);
        AppendResult(body, figures);
        AppendStories(body, figures);
        AppendCurves(body, figures);
        AppendReference(body, figures);
        AppendGaming(body, figures);
        AppendLimits(body);
        AppendFolders(body);
        return Html.Page(DemoTexts.Title, body);
    }

    private static void AppendTiles(StringBuilder html, EvaluationResult result)
    {
        html.Append("<div class=\"tiles\">");
        Tile("warmer by the reward model", DemoLines.Plus(result.Reward!.Score.Difference.Value), "standard deviations");
        Tile("warmer by the judge", DemoLines.Plus(result.Judge!.Score.Difference.Value), "standard deviations");
        Tile("stories that beat the old ones", DemoLines.Percent(result.Reward.WinRate.Value), $"by the judge {DemoLines.Percent(result.Judge.WinRate.Value)}");
        Tile("distance moved (KL)", DemoLines.Short(result.Kl.Value), "nats a story");
        Tile("variety kept", DemoLines.Percent(DemoLines.Kept(result)), $"stories that end {DemoLines.Percent(result.EndRate.Model.Value)}");
        html.Append("</div>\n");

        void Tile(string label, string value, string below) => html.Append(
            CultureInfo.InvariantCulture, $"<div class=\"tile\"><div class=\"label\">{label}</div><div class=\"value\">{value}</div><div class=\"from\">{below}</div></div>");
    }

    private static void AppendTypical(StringBuilder html, EvaluationPair pair)
    {
        html.Append("<h2>Before and after</h2>\n<p class=\"soft\">The same beginning, the same random numbers: the model before PPO and after. This is the pair in the middle when all are sorted by how much they gained; more follow below.</p>\n<div class=\"pairs\">");
        AppendPair(html, pair);
        html.Append("</div>\n");
    }

    private static void AppendWarm(StringBuilder html, DemoFigures figures)
    {
        html.Append("<h2>What \"warm\" means here</h2>\n<p>A warm story has four parts:</p>\n<ul>");
        foreach ((string part, string meaning) in DemoTexts.Warm)
        {
            html.Append(CultureInfo.InvariantCulture, $"<li><b>{Html.Text(part)}</b>: {Html.Text(meaning)}</li>");
        }

        html.Append(CultureInfo.InvariantCulture, $"</ul>\n<p>A model cannot be told this; it must be shown. The data set has {figures.Data.All.Count} pairs: a warm story, and one with the same beginning that lacks one thing.</p>\n");
        html.Append("<div class=\"wide\"><table><tr><th>what the other story lacks</th><th class=\"number\">pairs</th></tr>\n");
        foreach (IGrouping<string, DemoTriple> group in figures.Data.All.GroupBy(triple => triple.Lacks).OrderByDescending(group => group.Count()))
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{Html.Text(DemoTexts.Lacks.GetValueOrDefault(group.Key, group.Key))}</td><td class=\"number\">{group.Count()}</td></tr>\n");
        }

        DemoTriple example = figures.Data.Reward[0];
        html.Append(CultureInfo.InvariantCulture, $"</table></div>\n<p class=\"soft\">One of them. What the second lacks: {Html.Text(DemoTexts.Lacks.GetValueOrDefault(example.Lacks, example.Lacks))}.</p>\n");
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"pairs\"><div class=\"ask\">{Html.Text(example.Prompt)}</div><div class=\"pair\">{Story("warm", string.Empty, example.Chosen)}{Story("the other", string.Empty, example.Rejected)}</div></div>\n");
    }

    private static void AppendSteps(StringBuilder html, DemoFigures figures)
    {
        html.Append("<h2>What happened</h2>\n<ol>");
        foreach ((string step, string text) in DemoTexts.Steps(figures))
        {
            html.Append(CultureInfo.InvariantCulture, $"<li><b>{Html.Text(step)}</b> {Html.Text(text)}</li>\n");
        }

        html.Append("</ol>\n");
    }

    private static void AppendResult(StringBuilder html, DemoFigures figures)
    {
        EvaluationResult result = figures.Evaluation;
        html.Append("<h2>Did it work?</h2>\n<div class=\"stack\">");
        html.Append(IntervalPlot.Draw(
            "Gain over the fine-tuned model, standard deviations of its stories",
            [
                ("reward model", result.Reward!.Score.Difference),
                ("judge", result.Judge!.Score.Difference),
                ("reward model, base reference", figures.BaseReference.Reward!.Score.Difference),
                ("judge, base reference", figures.BaseReference.Judge!.Score.Difference),
            ],
            middle: 0));
        html.Append("</div>\n");
        AppendTable(html, DemoTexts.Table(figures));
        html.Append("<p class=\"soft\">Rewards are in standard deviations of the fine-tuned model's stories, around their mean. In brackets: 95 % intervals over prompts (bootstrap). "
            + "KL: how much likelier a model finds its own stories than the other model does, nats a story; 0 is no difference.</p>\n");
        html.Append(CultureInfo.InvariantCulture, $"<p>{Html.Text(DemoTexts.Scorers(figures))}</p>\n");
        AppendParagraphs(html, DemoVerdicts.Base(figures));
    }

    private static void AppendStories(StringBuilder html, DemoFigures figures)
    {
        IReadOnlyList<EvaluationPair> pairs = figures.Evaluation.Pairs;
        html.Append("<h2>Stories before and after</h2>\n<p class=\"soft\">At even distances through the test prompts, whatever their scores. Left the fine-tuned model, right the same after PPO.</p>\n<div class=\"pairs\">");
        AppendPairs(html, PairChoice.Even(pairs, StoriesShown));
        html.Append("</div>\n<h2>Where it gained most</h2>\n<div class=\"pairs\">");
        AppendPairs(html, PairChoice.Best(pairs, ExtremesShown));
        html.Append("</div>\n<h2>Where it lost most</h2>\n<div class=\"pairs\">");
        AppendPairs(html, PairChoice.Worst(pairs, ExtremesShown));
        html.Append("</div>\n<h2>And before all of it</h2>\n<p class=\"soft\">What the base model made of a beginning (left), and what fine-tuning alone made of it (right).</p>\n<div class=\"pairs\">");
        AppendPairs(html, PairChoice.Even(figures.FineTuning.Pairs, ExtremesShown), "base model", "fine-tuned");
        html.Append("</div>\n");
    }

    private static void AppendCurves(StringBuilder html, DemoFigures figures)
    {
        html.Append("<h2>How it learned</h2>\n<div class=\"plots\">");
        Plot("Fine-tuning: loss, nats a token", DemoCurves.Named(figures.Sft, ("train/loss", "in training"), ("validation/loss", "kept aside")));
        Plot("Reward model: accuracy", DemoCurves.Named(figures.RewardModel, ("train/accuracy", "in training"), ("validation/accuracy", "test triples")));
        Plot("Judge: accuracy", DemoCurves.Named(figures.Judge, ("train/accuracy", "in training"), ("validation/accuracy", "test triples")));
        Plot("PPO: reward", DemoCurves.Named(figures.Ppo, ("reward/" + DemoRuns.Warmth, "in training"), ("validation/reward/" + DemoRuns.Warmth, "test prompts")));
        Plot("PPO: KL to the reference, nats", DemoCurves.Named(figures.Ppo, ("objective/kl", "in training"), ("validation/kl", "test prompts")));
        Plot("PPO: variety and repetition", DemoCurves.Named(figures.Ppo, ("rollout/distinct_2", "distinct-2"), ("rollout/repetition", "repetition")));
        Plot("PPO: tokens a story", DemoCurves.Named(figures.Ppo, ("rollout/length_mean", "tokens a story")));
        Plot("PPO: stories cut by the limit", DemoCurves.Named(figures.Ppo, ("rollout/truncation_rate", "share")));
        html.Append("</div>\n");

        void Plot(string title, Curve[] curves) => html.Append(LinePlot.Draw(title, curves));
    }

    private static void AppendReference(StringBuilder html, DemoFigures figures)
    {
        html.Append("<h2>Which reference?</h2>\n<p>PPO may change the model as it likes, but pays for every nat of distance from a reference. Which model should that be? The same run was done with both.</p>\n<div class=\"plots\">");
        html.Append(LinePlot.Draw("Reward on test prompts", DemoCurves.Both(figures, "validation/reward/" + DemoRuns.Warmth)));
        html.Append(LinePlot.Draw("Judge on test prompts", DemoCurves.Both(figures, "validation/reward/" + DemoRuns.JudgeName)));
        html.Append(LinePlot.Draw("KL to its own reference, nats", DemoCurves.Both(figures, "validation/kl")));
        html.Append("</div>\n<p>After the last step, on the test prompts:</p>\n");
        AppendTable(html, DemoTexts.ReferenceTable(figures));
        AppendParagraphs(html, DemoVerdicts.Reference(figures));
    }

    private static void AppendGaming(StringBuilder html, DemoFigures figures)
    {
        html.Append("<h2>Is the reward being gamed?</h2>\n<p>A model that is rewarded by another model learns what that one likes, which is not always what was meant. "
            + "The judge saw other examples, so it shares the goal but not the accidents. As long as both rise together, the gain is real; where the reward rises alone, it is being gamed.</p>\n<div class=\"plots\">");
        html.Append(LinePlot.Draw("Reward model and judge over KL", DemoCurves.OverKl(figures.Ppo), "nats", whole: false));
        html.Append(LinePlot.Draw("Along the run", DemoCurves.Named(
            figures.Ppo, ("validation/reward/" + DemoRuns.Warmth, "reward model"), ("validation/reward/" + DemoRuns.JudgeName, "judge"))));
        html.Append(LinePlot.Draw("The same, base model as reference", DemoCurves.OverKl(figures.PpoBaseReference), "nats", whole: false));
        html.Append("</div>\n");
        AppendParagraphs(html, DemoVerdicts.Gaming(figures));
    }

    private static void AppendLimits(StringBuilder html)
    {
        html.Append("<h2>Limits</h2>\n<ul>");
        foreach (string limit in DemoTexts.Limits)
        {
            html.Append(CultureInfo.InvariantCulture, $"<li>{Html.Text(limit)}</li>");
        }

        html.Append("</ul>\n");
    }

    private static void AppendFolders(StringBuilder html)
    {
        html.Append("<h2>Where everything is</h2>\n<div class=\"wide\"><table>");
        foreach ((string folder, string content) in DemoTexts.Folders)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td><code>{Html.Text(folder)}</code></td><td>{Html.Text(content)}</td></tr>\n");
        }

        html.Append("</table></div>\n");
    }

    private static void AppendParagraphs(StringBuilder html, IEnumerable<string> sentences)
    {
        foreach (string sentence in sentences)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>{Html.Text(sentence)}</p>\n");
        }
    }

    private static void AppendTable(StringBuilder html, IEnumerable<IReadOnlyList<string>> rows)
    {
        html.Append("<div class=\"wide\"><table>");
        foreach ((int index, IReadOnlyList<string> row) in rows.Index())
        {
            string cell = index == 0 ? "th" : "td";
            html.Append("<tr>");
            foreach ((int column, string text) in row.Index())
            {
                html.Append(CultureInfo.InvariantCulture, $"<{cell}{(column > 0 ? " class=\"number\"" : string.Empty)}>{Html.Text(text)}</{cell}>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</table></div>\n");
    }

    private static void AppendPairs(StringBuilder html, IReadOnlyList<EvaluationPair> pairs, string left = Before, string right = After)
    {
        foreach (EvaluationPair pair in pairs)
        {
            AppendPair(html, pair, left, right);
        }
    }

    private static void AppendPair(StringBuilder html, EvaluationPair pair, string left = Before, string right = After) => html.Append(
        CultureInfo.InvariantCulture,
        $"<div class=\"ask\">{Html.Text(pair.PromptText)}</div><div class=\"pair\">{Story(left, Scores(pair.Baseline), Text(pair.Baseline))}{Story(right, Scores(pair.Model), Text(pair.Model))}</div>\n");

    private static string Story(string head, string scores, string text) =>
        $"<div class=\"sample\"><div class=\"head\"><b>{head}</b>{scores}</div><div class=\"text\">{Html.Text(text)}</div></div>";

    private static string Scores(EvaluationResponse response) =>
        $" · reward {DemoLines.Plus(response.Score!.Value)} · judge {DemoLines.Plus(response.JudgeScore!.Value)}";

    /// <summary>A story that was cut says so.</summary>
    private static string Text(EvaluationResponse response) =>
        response.Text.Trim() + (response.FinishReason == Rollouts.FinishReason.Stop ? string.Empty : " …");
}
