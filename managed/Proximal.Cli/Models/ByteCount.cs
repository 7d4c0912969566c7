using System.Globalization;

namespace Proximal.Cli.Models;

/// <summary>Numbers of bytes as people write them.</summary>
internal static class ByteCount
{
    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
    ];

    /// <summary>Reads "2GB" or "500MiB" (units of 1000 and of 1024) or a plain number; <see langword="null"/>: it is none above 0.</summary>
    public static long? Parse(string text)
    {
        string trimmed = text.Trim();
        (string unit, long bytes) = Array.Find(Units, unit => trimmed.EndsWith(unit.Unit, StringComparison.OrdinalIgnoreCase));
        string number = unit is null ? trimmed : trimmed[..^unit.Length];
        bool valid = decimal.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out decimal value)
            && value > 0 && value < long.MaxValue / Math.Max(1, bytes);
        long count = valid ? (long)(value * Math.Max(1, bytes)) : 0;
        return count > 0 ? count : null;
    }

    /// <summary>A number of bytes for people.</summary>
    public static string Text(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F2} GiB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):F1} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F1} KiB"),
    };
}
