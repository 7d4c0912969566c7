using System.Globalization;
using System.Text;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Runs;
using Proximal.Tokenization;

namespace Proximal.Reports;

/// <summary>A run as one self-contained page: what was trained, whether it worked, what looks wrong, curves and samples.</summary>
public static class RunReport
{
    /// <summary>The page's file in the run folder.</summary>
    public const string HtmlFile = "report.html";

    /// <summary>The same as Markdown, without plots.</summary>
    public const string MarkdownFile = "report.md";

    private const int PairsShown = 4;
    private const int SamplesShown = 6;

    /// <summary>Writes report.html and report.md into a run folder. The tokenizer that colours the samples is the run's own.</summary>
    /// <param name="folder">The run folder; the run may still be under way.</param>
    /// <returns>The page.</returns>
    /// <exception cref="DataFileException">The folder is no run, or a file in it is broken.</exception>
    /// <exception cref="IOException">A report cannot be written.</exception>
    public static string Write(string folder)
    {
        var run = RunData.Read(folder);
        var samples = ReportSamples.Choose(new SampleFile(run.Path), PairsShown, SamplesShown);
        Tokenizer? tokenizer = FindTokenizer(run, out string note);
        string html = Path.Combine(run.Path, HtmlFile);
        AtomicFile.WriteText(html, Page(run, samples, tokenizer, note));
        AtomicFile.WriteText(Path.Combine(run.Path, MarkdownFile), RunReportMarkdown.Write(run, samples));
        return html;
    }

    /// <summary>Removes the reports of a folder.</summary>
    internal static void Remove(string folder)
    {
        File.Delete(Path.Combine(folder, HtmlFile));
        File.Delete(Path.Combine(folder, MarkdownFile));
    }

    /// <summary>The tokenizer beside the trained model, else the one that the summary names.</summary>
    private static Tokenizer? FindTokenizer(RunData run, out string note)
    {
        string?[] places = [Path.Combine(run.Path, RunFolder.ModelFolder), run.Summary?.Tokenizer];
        note = "The run's tokenizer was not found, so responses are shown as plain text.";
        foreach (string place in places.OfType<string>().Where(Path.Exists))
        {
            try
            {
                return Tokenizer.Load(place);
            }
            catch (TokenizerException failure)
            {
                note = $"The run's tokenizer cannot be used, so responses are shown as plain text: {failure.Message}";
            }
        }

        return null;
    }

    private static string Page(RunData run, ReportSamples samples, Tokenizer? tokenizer, string note)
    {
        string title = $"{RunStory.KindOf(run)} {run.Name}";
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"<h1>{Html.Text(title)}</h1>\n<div class=\"soft\">{Badge(run)}{Html.Text(When(run))}</div>\n");
        body.Append(CultureInfo.InvariantCulture, $"<p class=\"lead\">{Html.Text(string.Join(' ', RunStory.Sentences(run)))}</p>\n");
        AppendTiles(body, run);
        AppendData(body, run);
        AppendWarnings(body, run);
        AppendPlots(body, run);
        AppendPairs(body, samples);
        AppendTokens(body, samples, tokenizer, note);
        AppendAll(body, run);
        AppendConfiguration(body, run);
        return Html.Page(title, body);
    }

    private static string Badge(RunData run)
    {
        (string style, string word) = run.Summary?.State switch
        {
            RunState.Finished => ("good", "finished"),
            RunState.Interrupted => ("warning", "interrupted"),
            RunState.Failed => ("warning", "failed"),
            RunState.Running => ("soft", "under way"),
            _ => ("soft", "no summary"),
        };
        return $"<span class=\"badge {style}\">{word}</span> ";
    }

    private static string When(RunData run) => run.Summary is { } summary
        ? string.Create(CultureInfo.InvariantCulture, $" started {summary.Started:yyyy-MM-dd HH:mm} UTC · Proximal {summary.Version}")
        : string.Empty;

    private static void AppendTiles(StringBuilder html, RunData run)
    {
        html.Append("<div class=\"tiles\">");
        foreach ((string label, string[] metrics) in MetricTable.Tiles)
        {
            if (metrics.FirstOrDefault(run.Curves.ContainsKey) is { } name)
            {
                Curve curve = run.Curves[name];
                string from = curve.Points.Count > 1 ? $"at first {Figures.Short(curve.First)}" : "&nbsp;";
                html.Append(CultureInfo.InvariantCulture, $"<div class=\"tile\" title=\"{Html.Text(name)}\"><div class=\"label\">{Html.Text(label)}</div>");
                html.Append(CultureInfo.InvariantCulture, $"<div class=\"value\">{Figures.Short(curve.Last)}</div><div class=\"from\">{from}</div></div>");
            }
        }

        html.Append("</div>\n");
    }

    private static void AppendData(StringBuilder html, RunData run)
    {
        if (run.Summary is { Data.Count: > 0 } summary)
        {
            html.Append("<h2>What was read</h2>\n<ul>");
            html.Append(string.Concat(summary.Data.Select(note => $"<li>{Html.Text(note)}</li>"))).Append("</ul>\n");
        }
    }

    private static void AppendWarnings(StringBuilder html, RunData run)
    {
        html.Append("<h2>What looks wrong</h2>\n");
        if (run.Warnings.Count == 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"good\">{RunStory.NothingWrong(run)}</p>\n");
            return;
        }

        html.Append("<ul>");
        foreach (WarningSummary warning in run.Warnings)
        {
            html.Append(CultureInfo.InvariantCulture, $"<li class=\"warning\">{Html.Text(warning.Text)} <span class=\"soft\">({RunStory.Steps(warning)})</span></li>");
        }

        html.Append("</ul>\n");
    }

    private static void AppendPlots(StringBuilder html, RunData run)
    {
        html.Append("<h2>Curves</h2>\n<div class=\"plots\">");
        foreach ((string title, string[] metrics) in MetricTable.Plots)
        {
            Curve[] curves = [.. metrics.Where(run.Curves.ContainsKey).Select(name => run.Curves[name])];
            if (curves.Length > 0)
            {
                html.Append(LinePlot.Draw(title, curves));
            }
        }

        Curve[] components = [.. run.Curves.Values.Where(curve => curve.Name.StartsWith("reward/", StringComparison.Ordinal)).Take(LinePlot.Colours)];
        if (components.Length > 1)
        {
            html.Append(LinePlot.Draw("Components of the reward", components));
        }

        if (RewardOverKl(run) is { Points.Count: > 1 } bought)
        {
            html.Append(LinePlot.Draw("Validation reward over KL", [bought], "nats", whole: false));
        }

        html.Append("</div>\n");
    }

    private static void AppendPairs(StringBuilder html, ReportSamples samples)
    {
        if (samples.Pairs.Count == 0)
        {
            return;
        }

        html.Append(samples.SamePrompt
            ? "<h2>The same prompt, early and late</h2>\n<p class=\"soft\">The prompts that come first in the run and last again, whatever their scores.</p>\n"
            : "<h2>Early and late</h2>\n<p class=\"soft\">No prompt came twice, so these are responses of the first and of the last step, each from the best score to the worst.</p>\n");
        html.Append("<div class=\"pairs\">");
        foreach ((RunSample early, RunSample late) in samples.Pairs)
        {
            if (samples.SamePrompt)
            {
                html.Append(CultureInfo.InvariantCulture, $"<div class=\"ask\">{Html.Text(early.Prompt)}</div>");
            }

            html.Append("<div class=\"pair\">").Append(Plain(early, !samples.SamePrompt)).Append(Plain(late, !samples.SamePrompt)).Append("</div>\n");
        }

        html.Append("</div>\n");
    }

    private static void AppendTokens(StringBuilder html, ReportSamples samples, Tokenizer? tokenizer, string note)
    {
        if (samples.Last.Count == 0)
        {
            return;
        }

        html.Append("<h2>Where the credit goes</h2>\n");
        if (tokenizer is null)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">Responses of the last step, from the best score to the worst. {Html.Text(note)}</p>\n");
            html.Append(string.Concat(samples.Last.Select(sample => Plain(sample, withPrompt: true))));
            return;
        }

        double advantages = TokenView.Scale(samples.Last.SelectMany(sample => sample.Advantages));
        double ratios = TokenView.Scale(samples.Last.SelectMany(sample => sample.LogRatios));
        html.Append("<p class=\"soft\">Responses of the last step, from the best score to the worst. Blue: the token did better than expected (advantage), "
            + "or is likelier than under the reference (KL); orange: the opposite. Point at a token for its number.</p>\n");
        html.Append("<div class=\"choice\"><input type=\"radio\" name=\"by\" id=\"by-advantage\" checked> <label for=\"by-advantage\">advantage</label>"
            + "<input type=\"radio\" name=\"by\" id=\"by-kl\"> <label for=\"by-kl\">KL to the reference</label>");
        html.Append(CultureInfo.InvariantCulture, $"<span class=\"a\">{TokenView.Legend(advantages)}</span><span class=\"k\">{TokenView.Legend(ratios)} nats</span>\n<div class=\"samples\">");
        foreach (RunSample sample in samples.Last)
        {
            string byAdvantage = TokenView.Draw(tokenizer, sample.Prompt, sample.Tokens, sample.Advantages, advantages, "advantage");
            string byKl = TokenView.Draw(tokenizer, sample.Prompt, sample.Tokens, [.. sample.LogRatios], ratios, "log-ratio");
            html.Append("<div class=\"sample tokens\">").Append(Head(sample));
            html.Append(CultureInfo.InvariantCulture, $"<div class=\"text\"><span class=\"prompt\">{Html.Text(sample.Prompt)}</span><span class=\"a\">{byAdvantage}</span><span class=\"k\">{byKl}</span></div></div>\n");
        }

        html.Append("</div></div>\n");
    }

    private static void AppendAll(StringBuilder html, RunData run)
    {
        html.Append("<h2>Everything that was measured</h2>\n");
        html.Append("<details><summary>Table</summary><div class=\"wide\"><table><tr><th>metric</th><th class=\"number\">first</th><th class=\"number\">last</th>"
            + "<th class=\"number\">lowest</th><th class=\"number\">highest</th></tr>");
        foreach (Curve curve in run.Curves.Values)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td><code>{Html.Text(curve.Name)}</code></td>");
            foreach (double value in new[] { curve.First, curve.Last, curve.Min, curve.Max })
            {
                html.Append(CultureInfo.InvariantCulture, $"<td class=\"number\">{Figures.Short(value)}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</table></div></details>\n");
        foreach (IGrouping<string, Curve> group in run.Curves.Values.GroupBy(curve => curve.Name.Split('/')[0]))
        {
            html.Append(CultureInfo.InvariantCulture, $"<details><summary>{Html.Text(group.Key)} <span class=\"soft\">({group.Count()})</span></summary><div class=\"plots\">");
            foreach (Curve curve in group)
            {
                html.Append(LinePlot.Draw(curve.Name, [curve]));
            }

            html.Append("</div></details>\n");
        }
    }

    private static void AppendConfiguration(StringBuilder html, RunData run)
    {
        if (run.Configuration.Length > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<h2>Configuration</h2>\n<details><summary>{RunFolder.ConfigurationFile}</summary><pre>{Html.Text(run.Configuration)}</pre></details>\n");
        }
    }

    private static string Plain(RunSample sample, bool withPrompt)
    {
        string prompt = withPrompt ? $"<span class=\"prompt\">{Html.Text(sample.Prompt)}</span> " : string.Empty;
        return $"<div class=\"sample\">{Head(sample)}<div class=\"text\">{prompt}{Html.Text(sample.Response)}</div></div>";
    }

    private static string Head(RunSample sample)
    {
        string rewards = sample.Rewards.Count < 2
            ? string.Empty
            : $" ({string.Join(", ", sample.Rewards.Select(reward => $"{reward.Key} {Figures.Short(reward.Value)}"))})";
        string kl = double.IsFinite(sample.Kl) ? $" · KL {Figures.Short(sample.Kl)}" : string.Empty;
        return $"<div class=\"head\">step {sample.Step} · score <b>{Figures.Short(sample.Score)}</b>{Html.Text(rewards)}{kl}</div>";
    }

    /// <summary>Validation reward against validation KL, step by step: how much quality the distance bought.</summary>
    private static Curve? RewardOverKl(RunData run) =>
        run.Curves.TryGetValue("validation/kl", out Curve? kl) && run.Curves.TryGetValue("validation/reward_mean", out Curve? reward)
            ? new Curve("validation/reward_mean", [.. kl.Points.Join(reward.Points, a => a.X, b => b.X, (a, b) => (a.Y, b.Y))])
            : null;
}
