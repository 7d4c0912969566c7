using System.Globalization;
using System.Text.RegularExpressions;

namespace Proximal.Rewards;

/// <summary>Finds the final answer of a text, and tells whether two answers are the same.</summary>
/// <remarks>
/// The answer is what follows the last <c>####</c> on its line, as GSM8K writes it (Cobbe et al. 2021, arXiv 2110.14168):
/// the first number there, or else the rest of the line. Without such a mark it is the text's last number.
/// </remarks>
public static partial class FinalAnswer
{
    private const string Mark = "####";

    /// <summary>The final answer of a text; <see langword="null"/>: it has none.</summary>
    /// <param name="text">Any text.</param>
    public static string? Find(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return AfterMark(text) ?? Number().Matches(text).LastOrDefault()?.Value;
    }

    /// <summary>What follows the last mark; <see langword="null"/>: there is no mark, or nothing behind it.</summary>
    internal static string? AfterMark(string text)
    {
        int mark = text.LastIndexOf(Mark, StringComparison.Ordinal);
        if (mark < 0)
        {
            return null;
        }

        string line = text[(mark + Mark.Length)..].Trim().Split('\n')[0].Trim();
        return line.Length == 0 ? null : Number().Match(line) is { Success: true } number ? number.Value : line;
    }

    /// <summary>Whether two answers are the same: equal numbers, or texts that differ in case and blanks only.</summary>
    /// <param name="left">An answer.</param>
    /// <param name="right">Another.</param>
    public static bool AreSame(string left, string right) =>
        string.Equals(Normalize(left), Normalize(right), StringComparison.Ordinal);

    /// <summary>
    /// An answer in its plainest form. Numbers lose currency signs, a percent sign, commas between thousands, a leading plus
    /// and zeros without meaning: <c>$1,050.00</c> is <c>1050</c>. Other texts lose upper case, blanks around them, all but
    /// one between words, and a final full stop.
    /// </summary>
    /// <param name="answer">An answer.</param>
    public static string Normalize(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        string text = answer.Trim().TrimEnd('.').Replace('\u2212', '-');
        string bare = Decoration().Replace(text, string.Empty);
        bare = Thousands().IsMatch(bare) ? bare.Replace(",", string.Empty, StringComparison.Ordinal) : bare;
        return decimal.TryParse(bare, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number)
            ? number.ToString("0.############################", CultureInfo.InvariantCulture)
            : Blanks().Replace(text, " ").ToUpperInvariant();
    }

    // A sign belongs to the number unless it stands between two operands: 5-3 ends in 3, "is -3" in -3.
    [GeneratedRegex(
        @"(?:(?<![\w)])[-+\u2212])?[$€£]?(?:(?<=[$€£])[-+\u2212])?"
        + @"(?:(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?",
        RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    [GeneratedRegex(@"[$€£\s]|%$", RegexOptions.CultureInvariant)]
    private static partial Regex Decoration();

    [GeneratedRegex(@"^[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Thousands();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();
}
