using System.Net;
using System.Text;

namespace Proximal.Reports;

/// <summary>Turns any text into HTML that shows it, and only shows it.</summary>
internal static class Html
{
    private const char ControlPictures = '\u2400';

    /// <summary>The text as HTML, for elements and quoted attributes. Control characters are made visible.</summary>
    public static string Text(string? text)
    {
        string visible = text ?? string.Empty;
        if (visible.AsSpan().IndexOfAnyInRange('\0', '\u001F') >= 0)
        {
            visible = string.Concat(visible.Select(Visible));
        }

        return WebUtility.HtmlEncode(visible);
    }

    /// <summary>A whole page that loads nothing from elsewhere and runs no script.</summary>
    /// <param name="title">The title, as text.</param>
    /// <param name="body">The body, as HTML.</param>
    public static string Page(string title, StringBuilder body) =>
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        + $"<title>{Text(title)}</title><style>\n{ReportStyle.Sheet}</style></head><body>\n{body}"
        + $"<footer>Written by Proximal {typeof(Html).Assembly.GetName().Version!.ToString(3)}. "
        + "The page is one file: it loads nothing and runs no script.</footer>\n</body></html>\n";

    private static char Visible(char character) =>
        character is < ' ' and not ('\n' or '\t') ? (char)(ControlPictures + character) : character;
}
