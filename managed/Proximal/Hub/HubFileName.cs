using System.Collections.Frozen;
using System.Text;

namespace Proximal.Hub;

/// <summary>Names that a server gives files: only those that stay inside a folder, on every system, are taken.</summary>
internal static class HubFileName
{
    private const int Longest = 1024;
    private const int LongestPart = 255;

    private static readonly FrozenSet<string> Devices = FrozenSet.ToFrozenSet(
        (string[])[
            "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "COM¹", "COM²", "COM³", "LPT¹", "LPT²", "LPT³",
            .. Enumerable.Range(0, 10).SelectMany(number => (string[])[$"COM{number}", $"LPT{number}"]),
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Why a name is refused; <see langword="null"/>: it is taken.</summary>
    public static string? Problem(string name)
    {
        if (name.Length is 0 or > Longest)
        {
            return $"it has {name.Length} characters, expected 1 to {Longest}";
        }

        return Array.TrueForAll(name.Split('/'), IsSafePart) ? null : "it leads out of its folder, or is no name on every system";
    }

    /// <summary>Whether a part between slashes names one file or folder, and nothing else, everywhere.</summary>
    public static bool IsSafePart(string part) =>
        part.Length > 0 && Encoding.UTF8.GetByteCount(part) <= LongestPart
        && part is not ("." or "..")
        && part[^1] is not ('.' or ' ')
        && !part.Any(letter => char.IsControl(letter) || letter is '\\' or ':' or '<' or '>' or '"' or '|' or '?' or '*')
        && !Devices.Contains(part.Split('.')[0].TrimEnd());

    /// <summary>A name for a message.</summary>
    public static string Shown(string name) =>
        $"'{new string([.. name.Take(100).Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter)])}'";
}
