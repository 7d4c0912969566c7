using System.Globalization;
using System.Text;

namespace Proximal.Reports;

/// <summary>A small line plot as inline SVG. Colours come from the page's style, so it suits light and dark.</summary>
internal static class LinePlot
{
    /// <summary>Colours that the style sheet has for curves.</summary>
    public const int Colours = 8;

    private const double Width = 360;
    private const double Height = 200;
    private const double Left = 54;
    private const double Right = 12;
    private const double Top = 30;
    private const double Bottom = 26;
    private const double LegendHeight = 15;
    private const double LegendGap = 6;

    /// <summary>More points than pixels tell nothing and make the page large.</summary>
    private const int MostPoints = 360;

    /// <summary>A curve of more points is drawn pale, with its moving average over it.</summary>
    private const int SmoothFrom = 60;

    private const int SmoothSpanDivisor = 20;

    /// <summary>Draws the curves into one frame, with a legend when they are several.</summary>
    /// <param name="title">What is plotted.</param>
    /// <param name="curves">The curves; those without points are left out.</param>
    /// <param name="xLabel">What the horizontal axis counts.</param>
    /// <param name="whole">The horizontal axis counts in whole numbers.</param>
    public static string Draw(string title, IReadOnlyList<Curve> curves, string xLabel = "step", bool whole = true)
    {
        curves = [.. curves.Where(curve => curve.Points.Count > 0)];
        var x = PlotAxis.Over(curves.SelectMany(curve => curve.Points.Select(point => point.X)), margin: 0, whole);
        var y = PlotAxis.Over(curves.SelectMany(curve => curve.Points.Select(point => point.Y)), margin: 0.04, whole: false);
        double height = Height + (curves.Count > 1 ? LegendGap + (LegendHeight * Math.Ceiling(curves.Count / 2.0)) : 0);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg class=\"plot\" viewBox=\"0 0 {Width} {height}\" role=\"img\"><title>{Html.Text(title)}</title>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"name\" x=\"12\" y=\"18\">{Html.Text(title)}</text>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick end\" x=\"{Width - Right}\" y=\"18\">{Html.Text(xLabel)}</text>");
        AppendGrid(svg, x, y);
        for (int i = 0; i < curves.Count; i++)
        {
            AppendCurve(svg, curves[i], x, y, i % Colours);
            AppendLegend(svg, curves, i);
        }

        return svg.Append("</svg>").ToString();
    }

    private static void AppendGrid(StringBuilder svg, PlotAxis x, PlotAxis y)
    {
        foreach (double tick in y.Ticks)
        {
            string at = Number(PlaceY(y, tick));
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{at}\" y2=\"{at}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick end\" x=\"{Left - 6}\" y=\"{at}\" dy=\"3.5\">{y.Label(tick)}</text>");
        }

        foreach (double tick in x.Ticks)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick mid\" x=\"{Number(PlaceX(x, tick))}\" y=\"{Height - 9}\">{x.Label(tick)}</text>");
        }
    }

    private static void AppendCurve(StringBuilder svg, Curve curve, PlotAxis x, PlotAxis y, int colour)
    {
        Curve main = curve;
        if (curve.Points.Count >= SmoothFrom)
        {
            AppendLine(svg, curve, x, y, $"line raw c{colour}");
            main = curve.Smooth(curve.Points.Count / SmoothSpanDivisor);
        }

        AppendLine(svg, main, x, y, $"line c{colour}");
        (double lastX, double lastY) = main.Points[^1];
        string tip = $"{curve.Name}: {Figures.Short(curve.Last)} at {Figures.Short(lastX)}";
        svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot c{colour}\" cx=\"{Number(PlaceX(x, lastX))}\" cy=\"{Number(PlaceY(y, lastY))}\" r=\"3.2\"><title>{Html.Text(tip)}</title></circle>");
    }

    private static void AppendLine(StringBuilder svg, Curve curve, PlotAxis x, PlotAxis y, string style)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"{style}\" points=\"");
        svg.AppendJoin(' ', curve.Thin(MostPoints).Points.Select(point => $"{Number(PlaceX(x, point.X))},{Number(PlaceY(y, point.Y))}"));
        svg.Append("\"/>");
    }

    private static void AppendLegend(StringBuilder svg, IReadOnlyList<Curve> curves, int index)
    {
        if (curves.Count < 2)
        {
            return;
        }

        double left = index % 2 == 0 ? 14 : (Width / 2) + 4;
        double top = Height + LegendGap + (LegendHeight * (index / 2)) + 2;
        svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot c{index % Colours}\" cx=\"{left}\" cy=\"{top - 3.5}\" r=\"3.2\"/>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{left + 8}\" y=\"{top}\">{Html.Text(Shorten(curves[index].Name))}</text>");
    }

    private static string Shorten(string name)
    {
        const int Most = 26;
        return name.Length <= Most ? name : "…" + name[^(Most - 1)..];
    }

    private static double PlaceX(PlotAxis axis, double value) => Left + (axis.Share(value) * (Width - Left - Right));

    private static double PlaceY(PlotAxis axis, double value) => Height - Bottom - (axis.Share(value) * (Height - Top - Bottom));

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
