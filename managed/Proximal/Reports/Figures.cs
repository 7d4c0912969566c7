using System.Globalization;

namespace Proximal.Reports;

/// <summary>Numbers as people read them.</summary>
internal static class Figures
{
    /// <summary>Three or four significant digits, large and tiny ones with an exponent; a dash for none.</summary>
    public static string Short(double value)
    {
        if (!double.IsFinite(value))
        {
            return "–";
        }

        double magnitude = Math.Abs(value);
        string format = magnitude switch
        {
            0 => "0",
            >= 1e6 or < 1e-4 => "0.##e+0",
            >= 100 => "0.#",
            >= 10 => "0.##",
            >= 1 => "0.###",
            >= 0.01 => "0.####",
            _ => "0.######",
        };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Seconds, minutes or hours, whichever suits.</summary>
    public static string Duration(TimeSpan span) => span switch
    {
        { TotalSeconds: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0} s"),
        { TotalMinutes: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0.0} h"),
    };
}
