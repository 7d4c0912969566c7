using System.Globalization;
using System.Text;
using Proximal.Evaluation;

namespace Proximal.Reports;

/// <summary>Estimates as dots with their intervals as lines, one below the other, as inline SVG.</summary>
internal static class IntervalPlot
{
    private const double Width = 720;
    private const double Left = 230;
    private const double Right = 24;
    private const double Top = 34;
    private const double RowHeight = 26;
    private const double Bottom = 24;

    /// <summary>Draws estimates.</summary>
    /// <param name="title">What they are.</param>
    /// <param name="rows">At least one.</param>
    /// <param name="middle">The number that would mean: no difference.</param>
    /// <param name="scale">Multiplies every number, such as 100 for percent.</param>
    public static string Draw(string title, IReadOnlyList<(string Name, Estimate Estimate)> rows, double middle, double scale = 1)
    {
        IEnumerable<double> ends = rows.SelectMany(row => new[] { row.Estimate.Low, row.Estimate.High, row.Estimate.Value }).Where(double.IsFinite);
        var x = PlotAxis.Over(ends.Append(middle).Select(value => value * scale), margin: 0.05, whole: false);
        double height = Top + (rows.Count * RowHeight) + Bottom;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg class=\"plot intervals\" viewBox=\"0 0 {Width} {height}\" role=\"img\"><title>{Html.Text(title)}</title>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"name\" x=\"14\" y=\"20\">{Html.Text(title)}</text>");
        foreach (double tick in x.Ticks)
        {
            string at = Place(x, tick);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{at}\" x2=\"{at}\" y1=\"{Top - 4}\" y2=\"{height - Bottom + 2}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick mid\" x=\"{at}\" y=\"{height - 8}\">{x.Label(tick)}</text>");
        }

        string zero = Place(x, middle * scale);
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"middle\" x1=\"{zero}\" x2=\"{zero}\" y1=\"{Top - 4}\" y2=\"{height - Bottom + 2}\"/>");
        for (int i = 0; i < rows.Count; i++)
        {
            AppendRow(svg, rows[i].Name, rows[i].Estimate, x, scale, Top + ((i + 0.5) * RowHeight));
        }

        return svg.Append("</svg>").ToString();
    }

    private static void AppendRow(StringBuilder svg, string name, Estimate estimate, PlotAxis x, double scale, double y)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"row end\" x=\"{Left - 14}\" y=\"{y + 4}\">{Html.Text(name)}</text>");
        if (double.IsFinite(estimate.Low) && double.IsFinite(estimate.High))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"whisker\" x1=\"{Place(x, estimate.Low * scale)}\" x2=\"{Place(x, estimate.High * scale)}\" y1=\"{y}\" y2=\"{y}\"/>");
        }

        if (double.IsFinite(estimate.Value))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot c0\" cx=\"{Place(x, estimate.Value * scale)}\" cy=\"{y}\" r=\"4.5\"><title>{Figures.Short(estimate.Value * scale)}</title></circle>");
        }
    }

    private static string Place(PlotAxis axis, double value) =>
        (Left + (axis.Share(value) * (Width - Left - Right))).ToString("0.#", CultureInfo.InvariantCulture);
}
