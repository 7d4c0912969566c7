using System.Globalization;
using System.Numerics;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>The methods of str.</summary>
internal static class StringMethods
{
    private static readonly Dictionary<string, Func<string, Arguments, object?>> Methods = new()
    {
        ["strip"] = (s, a) => Strip(s, a.TakeText("chars", null), true, true),
        ["lstrip"] = (s, a) => Strip(s, a.TakeText("chars", null), true, false),
        ["rstrip"] = (s, a) => Strip(s, a.TakeText("chars", null), false, true),
        ["split"] = (s, a) => Split(s, a.TakeText("sep", null), a.TakeIndex("maxsplit", -1)),
        ["rsplit"] = (s, a) => SplitFromRight(s, a.TakeText("sep", null), a.TakeIndex("maxsplit", -1)),
        ["partition"] = (s, a) => Partition(s, a.TakeText("sep"), last: false),
        ["rpartition"] = (s, a) => Partition(s, a.TakeText("sep"), last: true),
        ["splitlines"] = (s, a) => SplitLines(s, a.TakeTruth("keepends")),
        ["startswith"] = (s, a) => AnyAffix(a, prefix => s.StartsWith(prefix, StringComparison.Ordinal)),
        ["endswith"] = (s, a) => AnyAffix(a, suffix => s.EndsWith(suffix, StringComparison.Ordinal)),
        ["replace"] = (s, a) => Replace(s, a.TakeText("old"), a.TakeText("new"), a.TakeIndex("count", -1)),
        ["upper"] = (s, _) => Upper(s),
        ["lower"] = (s, _) => s.ToLowerInvariant(),
        ["casefold"] = (s, _) => s.Replace("ß", "ss", StringComparison.Ordinal).ToLowerInvariant(),
        ["title"] = (s, _) => Title(s),
        ["capitalize"] = (s, _) => Capitalize(s),
        ["swapcase"] = (s, _) => string.Concat(s.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c))),
        ["find"] = (s, a) => (BigInteger)Find(s, a, last: false),
        ["rfind"] = (s, a) => (BigInteger)Find(s, a, last: true),
        ["index"] = (s, a) => Found(Find(s, a, last: false)),
        ["rindex"] = (s, a) => Found(Find(s, a, last: true)),
        ["count"] = (s, a) => (BigInteger)Count(s, a.TakeText("sub")),
        ["join"] = (s, a) => Join(s, Operators.Iterate(a.Take("iterable"))),
        ["isdigit"] = (s, _) => All(s, r => Rune.GetUnicodeCategory(r) is UnicodeCategory.DecimalDigitNumber || IsSuperscript(r)),
        ["isdecimal"] = (s, _) => All(s, r => Rune.GetUnicodeCategory(r) is UnicodeCategory.DecimalDigitNumber),
        ["isnumeric"] = (s, _) => All(s, Rune.IsNumber),
        ["isalpha"] = (s, _) => All(s, Rune.IsLetter),
        ["isalnum"] = (s, _) => All(s, r => Rune.IsLetter(r) || Rune.IsNumber(r)),
        ["isspace"] = (s, _) => s.Length > 0 && s.All(PythonText.IsWhiteSpace),
        ["isupper"] = (s, _) => s.Any(char.IsUpper) && !s.Any(char.IsLower),
        ["islower"] = (s, _) => s.Any(char.IsLower) && !s.Any(char.IsUpper),
        ["istitle"] = (s, _) => s.Any(char.IsLetter) && s == Title(s),
        ["isascii"] = (s, _) => s.All(char.IsAscii),
        ["isidentifier"] = (s, _) => s.Length > 0 && (s[0] == '_' || char.IsLetter(s[0])) && s.All(c => c == '_' || char.IsLetterOrDigit(c)),
        ["isprintable"] = (s, _) => PythonText.Repr(s)[1..^1] == s.Replace("\\", "\\\\", StringComparison.Ordinal),
        ["zfill"] = (s, a) => ZeroFill(s, Width(a)),
        ["ljust"] = (s, a) => Justify(s, Width(a), a.TakeText("fillchar", " ")!, '<'),
        ["rjust"] = (s, a) => Justify(s, Width(a), a.TakeText("fillchar", " ")!, '>'),
        ["center"] = (s, a) => Center(s, Width(a), a.TakeText("fillchar", " ")!),
        ["removeprefix"] = (s, a) => a.TakeText("prefix") is var p && s.StartsWith(p, StringComparison.Ordinal) ? s[p.Length..] : s,
        ["removesuffix"] = (s, a) => a.TakeText("suffix") is var p && p.Length > 0 && s.EndsWith(p, StringComparison.Ordinal) ? s[..^p.Length] : s,
        ["encode"] = (s, a) => Encode(s, a.TakeText("encoding", "utf-8")!),
        ["expandtabs"] = (s, a) => ExpandTabs(s, a.TakeIndex("tabsize", 8)),
        ["format"] = (s, a) => FormatMethod.Format(s, a),
        ["format_map"] = (s, a) => FormatMethod.FormatMap(s, a.Take("mapping")),
    };

    public static IEnumerable<string> Names => Methods.Keys;

    /// <summary>The method bound to the string, or null.</summary>
    public static Function? Bind(string text, string name) => !Methods.TryGetValue(name, out Func<string, Arguments, object?>? method)
        ? null
        : new Function(name, arguments =>
        {
            Work.Spend(text.Length);
            object? result = method(text, arguments);
            if (name != "format")
            {
                arguments.End();
            }

            return result;
        });

    public static string Strip(string text, string? characters, bool left, bool right)
    {
        if (characters is null)
        {
            return left && right ? text.Trim(PythonText.WhiteSpace) : left ? text.TrimStart(PythonText.WhiteSpace) : text.TrimEnd(PythonText.WhiteSpace);
        }

        var set = CodePoints.Split(characters).ToHashSet();
        string[] points = CodePoints.Split(text);
        int begin = 0;
        int end = points.Length;
        while (left && begin < end && set.Contains(points[begin]))
        {
            begin++;
        }

        while (right && end > begin && set.Contains(points[end - 1]))
        {
            end--;
        }

        return string.Concat(points[begin..end]);
    }

    public static string Replace(string text, string old, string with, int count)
    {
        int occurrences = old.Length == 0 ? CodePoints.Count(text) + 1 : Count(text, old);
        int times = count < 0 ? occurrences : Math.Min(count, occurrences);
        Limits.CheckLength(text.Length + ((long)times * (with.Length - old.Length)));
        if (old.Length == 0)
        {
            IEnumerable<string> points = CodePoints.Split(text).Select((point, i) => (i < times ? with : string.Empty) + point);
            return string.Concat(points) + (times == occurrences ? with : string.Empty);
        }

        var result = new StringBuilder();
        int from = 0;
        for (int done = 0; done < times; done++)
        {
            int at = text.IndexOf(old, from, StringComparison.Ordinal);
            result.Append(text, from, at - from).Append(with);
            from = at + old.Length;
        }

        return result.Append(text, from, text.Length - from).ToString();
    }

    public static bool Contains(string text, string part)
    {
        Work.SpendOnSearch(text, part);
        return text.Contains(part, StringComparison.Ordinal);
    }

    public static string Join(string separator, IEnumerable<object?> items)
    {
        var text = new StringBuilder();
        int index = 0;
        foreach (object? item in items)
        {
            if (item is not (string or Markup))
            {
                throw TemplateError.Runtime($"sequence item {index}: expected str instance, {PythonText.TypeName(item)} found");
            }

            text.Append(index++ == 0 ? string.Empty : separator).Append(PythonText.Str(item));
            Limits.CheckLength(text.Length);
        }

        return text.ToString();
    }

    public static string Upper(string text) => text.Replace("ß", "SS", StringComparison.Ordinal).ToUpperInvariant();

    public static string Capitalize(string text)
    {
        string[] points = CodePoints.Split(text);
        return points.Length == 0 ? text : Upper(points[0]) + string.Concat(points[1..]).ToLowerInvariant();
    }

    public static string Center(string text, int width, string fill)
    {
        int missing = Math.Max(0, width - CodePoints.Count(text));
        int left = (missing / 2) + (missing & width & 1);
        return Fill(fill, left) + text + Fill(fill, missing - left);
    }

    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (char c in text)
        {
            result.Append(inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            inWord = char.IsLetter(c);
        }

        return result.ToString();
    }

    private static List<object?> Split(string text, string? separator, int limit)
    {
        if (separator is null)
        {
            return SplitWords(text, limit);
        }

        RequireSeparator(text, separator);
        return [.. limit is < 0 or int.MaxValue ? text.Split(separator) : text.Split(separator, limit + 1)];
    }

    private static List<object?> SplitWords(string text, int limit)
    {
        var words = new List<object?>();
        int at = 0;
        while (true)
        {
            while (at < text.Length && PythonText.IsWhiteSpace(text[at]))
            {
                at++;
            }

            if (at == text.Length)
            {
                return words;
            }

            if (words.Count == limit)
            {
                words.Add(text[at..]);
                return words;
            }

            int start = at;
            while (at < text.Length && !PythonText.IsWhiteSpace(text[at]))
            {
                at++;
            }

            words.Add(text[start..at]);
        }
    }

    private static List<object?> SplitFromRight(string text, string? separator, int limit)
    {
        List<object?> all = Split(text, separator, -1);
        if (limit < 0 || all.Count <= limit)
        {
            return all;
        }

        if (separator is null)
        {
            // The rest keeps its inner blanks: cut from the right word by word.
            ReadOnlySpan<char> rest = text.AsSpan().TrimEnd(PythonText.WhiteSpace);
            for (int i = all.Count - 1; i >= all.Count - limit; i--)
            {
                rest = rest[..^((string)all[i]!).Length].TrimEnd(PythonText.WhiteSpace);
            }

            return rest.Length > 0 ? [rest.ToString(), .. all[^limit..]] : all;
        }

        int head = all.Count - limit;
        return head <= 1 ? all : [string.Join(separator, all[..head]), .. all[head..]];
    }

    private static PythonTuple Partition(string text, string separator, bool last)
    {
        RequireSeparator(text, separator);
        int at = last ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
        {
            return last ? new PythonTuple(["", "", text]) : new PythonTuple([text, "", ""]);
        }

        return new PythonTuple([text[..at], separator, text[(at + separator.Length)..]]);
    }

    private static List<object?> SplitLines(string text, bool keepEnds)
    {
        var lines = new List<object?>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029'))
            {
                continue;
            }

            int next = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? i + 2 : i + 1;
            lines.Add(text[start..(keepEnds ? next : i)]);
            start = next;
            i = next - 1;
        }

        if (start < text.Length)
        {
            lines.Add(text[start..]);
        }

        return lines;
    }

    private static bool AnyAffix(Arguments arguments, Func<string, bool> matches)
    {
        object? affix = arguments.Take("prefix");
        IEnumerable<object?> affixes = affix is PythonTuple tuple ? tuple.Items : [affix];
        return affixes.Any(item => item is string or Markup
            ? matches(PythonText.Str(item))
            : throw TemplateError.Runtime($"{arguments.Function} first arg must be str or a tuple of str, not {PythonText.TypeName(item)}"));
    }

    private static int Find(string text, Arguments arguments, bool last)
    {
        string part = arguments.TakeText("sub");
        int length = CodePoints.Count(text);
        int start = Bound(arguments.Take("start", null), 0, length);
        int end = Bound(arguments.Take("end", null), length, length);
        if (start > end)
        {
            return -1;
        }

        string window = CodePoints.Slice(text, start, end);
        Work.SpendOnSearch(window, part);
        int at = last ? window.LastIndexOf(part, StringComparison.Ordinal) : window.IndexOf(part, StringComparison.Ordinal);
        at = last && part.Length == 0 ? window.Length : at;
        return at < 0 ? -1 : start + CodePoints.IndexOf(window, at);
    }

    private static int Bound(object? value, int otherwise, int length)
    {
        if (value is null)
        {
            return otherwise;
        }

        int index = Operators.ToIndex(value);
        return index < 0 ? (int)Math.Max(0L, (long)index + length) : index > length ? (otherwise == 0 ? length + 1 : length) : index;
    }

    private static BigInteger Found(int index) => index >= 0 ? index : throw TemplateError.Runtime("substring not found");

    private static int Count(string text, string part)
    {
        Work.SpendOnSearch(text, part);
        if (part.Length == 0)
        {
            return CodePoints.Count(text) + 1;
        }

        int count = 0;
        for (int at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
    }

    private static bool All(string text, Func<Rune, bool> test) => text.Length > 0 && text.EnumerateRunes().All(test);

    private static bool IsSuperscript(Rune rune) =>
        Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherNumber && Rune.GetNumericValue(rune) is >= 0 and <= 9 and var value
        && value == Math.Floor(value) && rune.Value is 0xB2 or 0xB3 or 0xB9 or (>= 0x2070 and <= 0x2089) or (>= 0x2460 and <= 0x2468);

    private static int Width(Arguments arguments)
    {
        int width = arguments.TakeIndex("width");
        Limits.CheckLength(width);
        return Math.Max(0, width);
    }

    private static string ZeroFill(string text, int width)
    {
        int missing = Math.Max(0, width - CodePoints.Count(text));
        return text.Length > 0 && text[0] is '-' or '+' ? text[0] + new string('0', missing) + text[1..] : new string('0', missing) + text;
    }

    private static string Justify(string text, int width, string fill, char align)
    {
        string filling = Fill(fill, Math.Max(0, width - CodePoints.Count(text)));
        return align == '<' ? text + filling : filling + text;
    }

    private static string Fill(string fill, int count) => CodePoints.Count(fill) == 1
        ? string.Concat(Enumerable.Repeat(fill, count))
        : throw TemplateError.Runtime("The fill character must be exactly one character long");

    private static PythonBytes Encode(string text, string encoding) =>
        encoding.Replace("_", "-", StringComparison.Ordinal).ToUpperInvariant() is "UTF-8" or "UTF8" or "ASCII"
            ? new PythonBytes(Encoding.UTF8.GetBytes(text))
            : throw TemplateError.Runtime($"unknown encoding: {encoding}");

    private static string ExpandTabs(string text, int size)
    {
        var result = new StringBuilder();
        int column = 0;
        foreach (char c in text)
        {
            if (c == '\t')
            {
                int blanks = size <= 0 ? 0 : size - (column % size);
                Limits.CheckLength((long)result.Length + blanks);
                result.Append(' ', blanks);
                column += blanks;
                continue;
            }

            result.Append(c);
            column = c is '\n' or '\r' ? 0 : column + 1;
        }

        return result.ToString();
    }

    private static void RequireSeparator(string text, string separator)
    {
        Work.SpendOnSearch(text, separator);
        if (separator.Length == 0)
        {
            throw TemplateError.Runtime("empty separator");
        }
    }
}
