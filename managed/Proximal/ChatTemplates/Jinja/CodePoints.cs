namespace Proximal.ChatTemplates.Jinja;

/// <summary>Strings by code point, as Python counts them.</summary>
internal static class CodePoints
{
    public static int Count(string text)
    {
        int pairs = 0;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
            {
                pairs++;
                i++;
            }
        }

        return text.Length - pairs;
    }

    public static string[] Split(string text)
    {
        Work.Spend(Work.Item * (long)text.Length);
        string[] points = new string[Count(text)];
        int at = 0;
        for (int n = 0; n < points.Length; n++)
        {
            int size = at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
            points[n] = text.Substring(at, size);
            at += size;
        }

        return points;
    }

    /// <summary>Some of the code points; most texts have no pairs, so that nothing has to be counted.</summary>
    public static string Slice(string text, int start, int end) => text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')
        ? string.Concat(Split(text)[start..end])
        : text[start..end];

    /// <summary>Python's chr: a lone surrogate stays one.</summary>
    public static string FromNumber(int number) => number switch
    {
        >= 0 and < 0x10000 => ((char)number).ToString(),
        >= 0x10000 and <= 0x10FFFF => char.ConvertFromUtf32(number),
        _ => throw TemplateError.Runtime("%c arg not in range(0x110000)"),
    };

    /// <summary>The code point index of a UTF-16 index.</summary>
    public static int IndexOf(string text, int utf16) => utf16 < 0 ? utf16 : Count(text[..utf16]);
}
