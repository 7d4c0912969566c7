using System.Globalization;

namespace Proximal.Cli.Terminal;

/// <summary>Durations for people.</summary>
internal static class Durations
{
    public static string Short(TimeSpan span) => span switch
    {
        { TotalSeconds: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:F0} s"),
        { TotalMinutes: < 90 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:F0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:F1} h"),
    };
}
