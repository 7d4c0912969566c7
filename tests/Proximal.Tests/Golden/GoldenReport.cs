using System.Globalization;

namespace Proximal.Tests.Golden;

/// <summary>The worst deviation of each operation or quantity beside what it may be; written when a fixture ends.</summary>
internal sealed class GoldenReport(string title)
{
    private readonly SortedDictionary<string, Line> _lines = new(StringComparer.Ordinal);

    /// <summary>Takes part in the report: a comparison of one number.</summary>
    public void Add(string quantity, double deviation, double tolerance, string where)
    {
        lock (_lines)
        {
            Line line = _lines.GetValueOrDefault(quantity, new Line(0, 0, tolerance, where));
            bool worse = deviation / tolerance > line.Worst / line.Tolerance;
            _lines[quantity] = worse
                ? new Line(line.Count + 1, deviation, tolerance, where)
                : line with { Count = line.Count + 1 };
        }
    }

    public IEnumerable<string> Lines()
    {
        lock (_lines)
        {
            return
            [
                .. _lines.Select(line => string.Create(
                    CultureInfo.InvariantCulture,
                    $"golden {title} {line.Key}: {line.Value.Count} values, worst deviation {line.Value.Worst:0.0e+00} of {line.Value.Tolerance:0.0e+00} allowed ({line.Value.Where})")),
            ];
        }
    }

    /// <summary>|actual - expected| / max(1, |expected|); 0 where both are the same not-a-number or infinity.</summary>
    public static double Deviation(double actual, double expected) =>
        actual.Equals(expected) || actual == expected ? 0
        : double.IsFinite(actual) && double.IsFinite(expected) ? Math.Abs(actual - expected) / Math.Max(1, Math.Abs(expected))
        : double.PositiveInfinity;

    private sealed record Line(int Count, double Worst, double Tolerance, string Where);
}
