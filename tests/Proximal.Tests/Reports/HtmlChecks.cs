using System.Text.RegularExpressions;

namespace Proximal.Tests.Reports;

/// <summary>What every page of ours must be: whole, and alone.</summary>
internal static partial class HtmlChecks
{
    /// <summary>Everything that would load, link or run something.</summary>
    public static string[] Outside(string html) => [.. OutsidePattern().Matches(html).Select(match => match.Value)];

    /// <summary>Tags that are opened and not closed, or the other way round.</summary>
    public static string[] Unbalanced(string html)
    {
        var open = new Stack<string>();
        foreach (Match tag in TagPattern().Matches(html))
        {
            string name = tag.Groups[2].Value;
            if (tag.Groups[1].Length == 0 && !tag.Value.EndsWith("/>", StringComparison.Ordinal) && name is not ("meta" or "input" or "br"))
            {
                open.Push(name);
            }
            else if (tag.Groups[1].Length > 0 && open.Pop() != name)
            {
                return [$"closes {name}"];
            }
        }

        return [.. open];
    }

    [GeneratedRegex("""https?://|<[^>]*\b(src|href|on\w+)=|url\(|@import|<script|<link|<iframe|<object""", RegexOptions.IgnoreCase)]
    private static partial Regex OutsidePattern();

    [GeneratedRegex("<(/?)([a-z0-9]+)[^>]*>")]
    private static partial Regex TagPattern();
}
