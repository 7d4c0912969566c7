using System.Text;

namespace Proximal.Reports;

/// <summary>Turns any text into Markdown that shows it, and only shows it.</summary>
internal static class Markdown
{
    private const string Special = "\\`*_[]<>#|&~";

    /// <summary>A text on one line, without any markup of its own.</summary>
    public static string Line(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (char character in text)
        {
            if (Special.Contains(character, StringComparison.Ordinal))
            {
                line.Append('\\');
            }

            line.Append(char.IsControl(character) || IsDirection(character) ? ' ' : character);
        }

        return line.ToString();
    }

    /// <summary>A text as it is, in a fence that it cannot close.</summary>
    public static string Block(string text)
    {
        int longest = 0;
        int run = 0;
        foreach (char character in text)
        {
            run = character == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        string fence = new('`', Math.Max(3, longest + 1));
        return $"{fence}text\n{text}\n{fence}\n";
    }

    /// <summary>Marks that turn the direction of all that follows.</summary>
    private static bool IsDirection(char character) => character is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
