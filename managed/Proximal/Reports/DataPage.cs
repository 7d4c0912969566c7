using System.Globalization;
using System.Text;
using Proximal.Data.Checking;
using Proximal.Evaluation;

namespace Proximal.Reports;

/// <summary>What a check of data found, as one self-contained page.</summary>
internal static class DataPage
{
    /// <summary>The page.</summary>
    /// <param name="title">What was checked.</param>
    /// <param name="sets">The reports, at least one.</param>
    /// <param name="passedOver">Files that are not data.</param>
    public static string Write(string title, IReadOnlyList<DataReport> sets, IReadOnlyList<PassedOverFile> passedOver)
    {
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"<h1>{Html.Text(title)}</h1>\n");
        foreach (DataReport set in sets)
        {
            AppendSet(body, set);
        }

        AppendPassedOver(body, passedOver);
        return Html.Page(title, body);
    }

    private static void AppendSet(StringBuilder html, DataReport report)
    {
        html.Append(CultureInfo.InvariantCulture, $"<h2>{Html.Text(string.Join(", ", report.Files.Select(Path.GetFileName)))}</h2>\n<p class=\"lead\">");
        html.Append(string.Join("<br>", DataReportText.Summary(report).Select(Html.Text))).Append("</p>\n");
        AppendProblems(html, report);
        AppendHistograms(html, report);
        AppendTable(html, DataReportText.LengthHeader, DataReportText.Lengths(report));
        AppendTable(html, DataReportText.VarietyHeader(report), DataReportText.Variety(report));
        AppendRules(html, report);
    }

    private static void AppendProblems(StringBuilder html, DataReport report)
    {
        if (report.Counts.Count == 0)
        {
            html.Append("<p class=\"good\">No problems.</p>\n");
            return;
        }

        html.Append("<ul>");
        foreach (string line in DataReportText.Problems(report))
        {
            string style = line.StartsWith("error", StringComparison.Ordinal) ? "warning" : "soft";
            html.Append(CultureInfo.InvariantCulture, $"<li class=\"{style}\">{Html.Text(line)}</li>");
        }

        html.Append("</ul>\n");
    }

    private static void AppendHistograms(StringBuilder html, DataReport report)
    {
        html.Append("<div class=\"plots\">");
        foreach (DataFieldReport field in report.Fields)
        {
            foreach ((string unit, LengthSummary? lengths) in new[] { ("words", field.Words), ("tokens", field.Tokens) })
            {
                if (lengths is not null)
                {
                    html.Append(HistogramPlot.Draw($"{field.Role}, {unit}", lengths.Histogram));
                }
            }
        }

        html.Append("</div>\n");
    }

    private static void AppendRules(StringBuilder html, DataReport report)
    {
        if (report.LengthRules.Count + report.WordRules.Count > 0)
        {
            html.Append("<div class=\"stack\">").Append(IntervalPlot.Draw(
                "How often a simple rule tells the chosen answer, percent",
                [
                    .. report.LengthRules.Select(rule => ($"longer by {rule.Unit}{(rule.Split is { } split ? $", {Path.GetFileName(split)}" : string.Empty)}", rule.Accuracy)),
                    .. report.WordRules.Select(rule => (rule.TestedOn is { } tested ? $"words, to {Path.GetFileName(tested)}" : "words, five folds", rule.Accuracy)),
                ],
                middle: 0.5,
                scale: 100)).Append("</div>\n");
        }

        AppendTable(html, DataReportText.RuleHeader, DataReportText.Rules(report));
        html.Append(string.Concat(DataReportText.TellingWords(report).Select(line => $"<p class=\"soft\">{Html.Text(line)}</p>\n")));
    }

    private static void AppendTable(StringBuilder html, IReadOnlyList<string> header, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        html.Append("<div class=\"wide\"><table>");
        foreach (IReadOnlyList<string> row in rows.Prepend(header))
        {
            string cell = ReferenceEquals(row, header) ? "th" : "td";
            html.Append("<tr>");
            foreach ((int column, string text) in row.Index())
            {
                html.Append(CultureInfo.InvariantCulture, $"<{cell}{(column > 0 ? " class=\"number\"" : string.Empty)}>{Html.Text(text)}</{cell}>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</table></div>\n");
    }

    private static void AppendPassedOver(StringBuilder html, IReadOnlyList<PassedOverFile> files)
    {
        if (files.Count > 0)
        {
            html.Append("<h2>Passed over</h2>\n<ul>");
            html.Append(string.Concat(files.Select(file => $"<li class=\"soft\"><code>{Html.Text(Path.GetFileName(file.File))}</code>: {Html.Text(file.Reason)}</li>"))).Append("</ul>\n");
        }
    }
}
