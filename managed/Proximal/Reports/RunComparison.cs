using System.Globalization;
using System.Text;
using Proximal.Data;

namespace Proximal.Reports;

/// <summary>Runs side by side: their metrics as a table and their curves in the same plots.</summary>
public sealed class RunComparison
{
    private RunComparison(IReadOnlyList<RunData> runs, IReadOnlyList<string> metrics)
    {
        Runs = runs;
        Metrics = metrics;
        Labels = Distinct(runs);
    }

    /// <summary>The runs, in the order given.</summary>
    public IReadOnlyList<RunData> Runs { get; }

    /// <summary>A short name of each, no two alike.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The metrics that are compared.</summary>
    public IReadOnlyList<string> Metrics { get; }

    /// <summary>The heads of the table's columns.</summary>
    public IReadOnlyList<string> Header => ["metric", .. Labels.SelectMany(label => new[] { $"{label}: first", "last", "best" })];

    /// <summary>Reads runs.</summary>
    /// <param name="folders">The run folders; at least one.</param>
    /// <param name="metrics">Names of metrics, or groups such as <c>reward/*</c>; empty: those that matter most.</param>
    /// <exception cref="DataFileException">A folder is no run.</exception>
    public static RunComparison Read(IReadOnlyList<string> folders, IReadOnlyList<string> metrics)
    {
        ArgumentNullException.ThrowIfNull(folders);
        ArgumentNullException.ThrowIfNull(metrics);
        if (folders.Count == 0)
        {
            throw new ArgumentException("Expected at least one run.", nameof(folders));
        }

        RunData[] runs = [.. folders.Select(RunData.Read)];
        string[] all = [.. runs.SelectMany(run => run.Curves.Keys).Distinct()];
        return new RunComparison(runs, metrics.Count > 0 ? [.. metrics.SelectMany(pattern => all.Where(name => Matches(pattern, name))).Distinct()] : Main(all));
    }

    /// <summary>The rows of the table: a metric, then first, last and best value of each run.</summary>
    public IEnumerable<IReadOnlyList<string>> Rows()
    {
        yield return ["steps", .. Runs.SelectMany(run => new[] { string.Empty, run.LastStep.ToString(CultureInfo.InvariantCulture), string.Empty })];
        foreach (string metric in Metrics)
        {
            yield return
            [
                metric,
                .. Runs.SelectMany(run => run.Curves.TryGetValue(metric, out Curve? curve)
                    ? new[] { Figures.Short(curve.First), Figures.Short(curve.Last), Figures.Short(MetricTable.Best(curve)) }
                    : ["–", "–", "–"]),
            ];
        }
    }

    /// <summary>A self-contained page: the table and a plot of each metric with the curves of all runs.</summary>
    public string Page()
    {
        string title = Labels.Count == 1 ? $"Run {Labels[0]}" : $"{Labels.Count} runs";
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"<h1>{Html.Text(title)}</h1>\n<p class=\"lead\">{Html.Text(string.Join(", ", Labels))}</p>\n<div class=\"plots\">");
        foreach (string metric in Metrics)
        {
            body.Append(LinePlot.Draw(
                metric, [.. Runs.Zip(Labels).Where(pair => pair.First.Curves.ContainsKey(metric)).Select(pair => pair.First.Curves[metric] with { Name = pair.Second })]));
        }

        body.Append("</div>\n<h2>Figures</h2>\n<div class=\"wide\"><table><tr><th></th>");
        foreach (string label in Labels)
        {
            body.Append(CultureInfo.InvariantCulture, $"<th class=\"number\" colspan=\"3\">{Html.Text(label)}</th>");
        }

        body.Append("</tr><tr><th>metric</th>").Insert(body.Length, "<th class=\"number\">first</th><th class=\"number\">last</th><th class=\"number\">best</th>", Labels.Count);
        body.Append("</tr>\n");
        foreach (IReadOnlyList<string> row in Rows())
        {
            body.Append(CultureInfo.InvariantCulture, $"<tr><td><code>{Html.Text(row[0])}</code></td>");
            body.AppendJoin(string.Empty, row.Skip(1).Select(cell => $"<td class=\"number\">{Html.Text(cell)}</td>")).Append("</tr>\n");
        }

        body.Append("</table></div>\n");
        return Html.Page(title, body);
    }

    private static bool Matches(string pattern, string name) => pattern.EndsWith('*')
        ? name.StartsWith(pattern[..^1], StringComparison.Ordinal)
        : name == pattern;

    private static string[] Main(string[] all) =>
    [
        .. MetricTable.Plots.SelectMany(plot => plot.Metrics).Where(all.Contains),
        .. all.Where(name => name.StartsWith("reward/", StringComparison.Ordinal)),
    ];

    /// <summary>Folder names, longer where two are alike, numbered where that does not help.</summary>
    private static string[] Distinct(IReadOnlyList<RunData> runs)
    {
        string[] labels = [.. runs.Select(run => run.Name)];
        string[] longer = [.. runs.Select(run => $"{Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(run.Path)))}/{run.Name}")];
        return labels.Distinct().Count() == labels.Length ? labels
            : longer.Distinct().Count() == longer.Length ? longer
            : [.. labels.Select((label, index) => $"{index + 1}: {label}")];
    }
}
