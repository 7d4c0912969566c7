using System.Globalization;
using System.Text;
using Proximal.Data.Checking;

namespace Proximal.Reports;

/// <summary>How many texts have which length, as bars in inline SVG.</summary>
internal static class HistogramPlot
{
    private const double Width = 360;
    private const double Height = 170;
    private const double Left = 14;
    private const double Top = 34;
    private const double Bottom = 26;

    /// <summary>Draws a histogram.</summary>
    /// <param name="title">What it is of.</param>
    /// <param name="bins">At least one.</param>
    public static string Draw(string title, IReadOnlyList<LengthBin> bins)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg class=\"plot\" viewBox=\"0 0 {Width} {Height}\" role=\"img\"><title>{Html.Text(title)}</title>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"name\" x=\"{Left}\" y=\"20\">{Html.Text(title)}</text>");
        double step = (Width - (2 * Left)) / bins.Count;
        double room = Height - Top - Bottom;
        long most = Math.Max(1, bins.Max(bin => bin.Count));
        foreach ((int i, LengthBin bin) in bins.Index())
        {
            double height = room * bin.Count / most;
            string x = Number(Left + (i * step) + 1);
            svg.Append(CultureInfo.InvariantCulture, $"<rect fill=\"currentColor\" opacity=\"0.55\" x=\"{x}\" y=\"{Number(Top + room - height)}\" width=\"{Number(Math.Max(1, step - 2))}\" height=\"{Number(height)}\">");
            svg.Append(CultureInfo.InvariantCulture, $"<title>{bin.From} to {bin.To}: {bin.Count}</title></rect>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick mid\" x=\"{Number(Left + ((i + 0.5) * step))}\" y=\"{Number(Height - 8)}\">{bin.From}</text>");
        }

        return svg.Append("</svg>").ToString();
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
