using System.Globalization;
using System.Numerics;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>The filters of `value | name(...)`: text and numbers here, collections in Filters.Collections.cs.</summary>
internal static partial class Filters
{
    private static readonly Dictionary<string, Func<Interpreter, object?, Arguments, object?>> All = new()
    {
        ["upper"] = Text(StringMethods.Upper),
        ["lower"] = Text(s => s.ToLowerInvariant()),
        ["capitalize"] = Text(StringMethods.Capitalize),
        ["title"] = Text(Title),
        ["trim"] = (_, v, a) => StringMethods.Strip(PythonText.Str(v), a.TakeText("chars", null), true, true),
        ["replace"] = (_, v, a) => StringMethods.Replace(PythonText.Str(v), a.TakeText("old"), a.TakeText("new"), a.Take("count", null) is { } n ? Operators.ToIndex(n) : -1),
        ["string"] = (_, v, _) => v is Markup ? v : PythonText.Str(v),
        ["center"] = (_, v, a) => Center(PythonText.Str(v), a.TakeIndex("width", 80)),
        ["indent"] = (_, v, a) => Indent(PythonText.Str(v), a.Take("width", (BigInteger)4), a.TakeTruth("first"), a.TakeTruth("blank")),
        ["wordcount"] = (_, v, _) => (BigInteger)WordCount(PythonText.Str(v)),
        ["wordwrap"] = (_, v, a) => WordWrap(PythonText.Str(v), a),
        ["truncate"] = (_, v, a) => Truncate(PythonText.Str(v), a),
        ["format"] = (_, v, a) => Format(PythonText.Str(v), a),
        ["safe"] = (_, v, _) => new Markup(PythonText.Str(v)),
        ["escape"] = (_, v, _) => v as Markup ?? new Markup(Escape(PythonText.Str(v))),
        ["e"] = (_, v, _) => v as Markup ?? new Markup(Escape(PythonText.Str(v))),
        ["forceescape"] = (_, v, _) => new Markup(Escape(PythonText.Str(v))),
        ["striptags"] = (_, v, _) => StripTags(PythonText.Str(v)),
        ["urlencode"] = (_, v, _) => UrlEncode(v),
        ["xmlattr"] = (_, v, a) => XmlAttributes(v, a.TakeTruth("autospace", true)),
        ["pprint"] = (_, v, _) => PythonText.Repr(v),
        ["filesizeformat"] = (_, v, a) => FileSize(ToDouble(v), a.TakeTruth("binary")),
        ["tojson"] = (_, v, a) => ToJson(v, a),
        ["int"] = (_, v, a) => ToInteger(v, a.Take("default", BigInteger.Zero), a.TakeIndex("base", 10)),
        ["float"] = (_, v, a) => ToFloat(v, a.Take("default", 0.0)),
        ["abs"] = (_, v, _) => Operators.AsNumber(v) is BigInteger i ? BigInteger.Abs(i) : Math.Abs(ToDouble(v)),
        ["round"] = (_, v, a) => Round(v, a.TakeIndex("precision", 0), a.TakeText("method", "common")!),
        ["default"] = (_, v, a) => Default(v, a.Take("default_value", ""), a.TakeTruth("boolean")),
        ["d"] = (_, v, a) => Default(v, a.Take("default_value", ""), a.TakeTruth("boolean")),
        ["attr"] = (_, v, a) => a.TakeText("name") is var name && Members.TryAttribute(v, name, out object? value) ? value : Undefined.Member(v, name),
        ["length"] = (_, v, _) => (BigInteger)Operators.Length(v),
        ["count"] = (_, v, _) => (BigInteger)Operators.Length(v),
        ["list"] = (r, v, _) => r.Items(v).ToList(),
        ["first"] = (r, v, _) => r.Items(v).Take(1).ToList() is [var only] ? only : NoItem("first"),
        ["last"] = (_, v, _) => Reversible(v) is { Count: > 0 } items ? items[^1] : NoItem("last"),
        ["random"] = (_, v, _) => Reversible(v) is { Count: > 0 } items ? items[Random.Shared.Next(items.Count)] : NoItem("random"),
        ["reverse"] = (_, v, _) => v is string or Markup
            ? string.Concat(CodePoints.Split(PythonText.Str(v)).Reverse())
            : new PythonIterator(Reversible(v).AsEnumerable().Reverse()),
        ["join"] = (r, v, a) => Join(r, v, a),
        ["map"] = (r, v, a) => new PythonIterator(Map(r, v, a)),
        ["select"] = (r, v, a) => new PythonIterator(Select(r, v, a, attribute: false, keep: true)),
        ["reject"] = (r, v, a) => new PythonIterator(Select(r, v, a, attribute: false, keep: false)),
        ["selectattr"] = (r, v, a) => new PythonIterator(Select(r, v, a, attribute: true, keep: true)),
        ["rejectattr"] = (r, v, a) => new PythonIterator(Select(r, v, a, attribute: true, keep: false)),
        ["sort"] = (r, v, a) => Sort(r, v, a),
        ["unique"] = (r, v, a) => Unique(r, v, a),
        ["groupby"] = (r, v, a) => GroupBy(r, v, a),
        ["dictsort"] = (_, v, a) => DictionarySort(v, a),
        ["items"] = (_, v, _) => Pairs(v),
        ["sum"] = (r, v, a) => Sum(r, v, a),
        ["min"] = (r, v, a) => Extreme(r, v, a, -1),
        ["max"] = (r, v, a) => Extreme(r, v, a, 1),
        ["batch"] = (r, v, a) => new PythonIterator(Batch(r, v, a.TakeIndex("linecount"), a.Take("fill_with", null))),
        ["slice"] = (r, v, a) => new PythonIterator(Slice(r, v, a.TakeIndex("slices"), a.Take("fill_with", null))),
    };

    public static IEnumerable<string> Names => All.Keys;

    public static bool Exists(string name) => All.ContainsKey(name);

    public static object? Apply(Interpreter runtime, string name, object? value, Arguments arguments)
    {
        if (!All.TryGetValue(name, out Func<Interpreter, object?, Arguments, object?>? filter))
        {
            throw TemplateError.Runtime($"No filter named '{name}'.");
        }

        object? result = filter(runtime, value, arguments);
        arguments.End();
        return result;
    }

    public static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);

    private static Func<Interpreter, object?, Arguments, object?> Text(Func<string, string> convert) =>
        (_, value, _) => convert(PythonText.Str(value));

    private static Undefined NoItem(string filter) =>
        new(ChatTemplateErrorKind.Undefined, $"No {filter} item, sequence was empty.");

    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool begins = true;
        foreach (char c in text)
        {
            result.Append(begins ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
            begins = PythonText.IsWhiteSpace(c) || c is '-' or '(' or '{' or '[' or '<';
        }

        return result.ToString();
    }

    private static string Center(string text, int width)
    {
        Limits.CheckLength(width);
        return StringMethods.Center(text, Math.Max(0, width), " ");
    }

    private static string Indent(string text, object? width, bool first, bool blank)
    {
        string indention = width is string or Markup ? PythonText.Str(width) : string.Empty;
        if (width is not (string or Markup))
        {
            int count = Operators.ToIndex(width);
            Limits.CheckLength(count);
            indention = new string(' ', Math.Max(0, count));
        }

        string[] lines = text.Split('\n');
        Limits.CheckLength(text.Length + ((long)lines.Length * indention.Length));
        IEnumerable<string> rest = lines.Skip(1).Select(line => (blank || line.Length > 0 ? indention : string.Empty) + line);
        return (first ? indention : string.Empty) + string.Join('\n', rest.Prepend(lines[0]));
    }

    private static int WordCount(string text)
    {
        int words = 0;
        bool inWord = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool word = Rune.IsLetterOrDigit(rune) || rune.Value == '_' || Rune.IsNumber(rune);
            words += word && !inWord ? 1 : 0;
            inWord = word;
        }

        return words;
    }

    private static string WordWrap(string text, Arguments arguments)
    {
        int width = Math.Max(1, arguments.TakeIndex("width", 79));
        bool breakLong = arguments.TakeTruth("break_long_words", true);
        string separator = arguments.TakeText("wrapstring", null) ?? "\n";
        arguments.TakeTruth("break_on_hyphens", true);
        var lines = new List<string>();
        foreach (string paragraph in text.Split('\n'))
        {
            var line = new StringBuilder();
            foreach (string word in paragraph.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (line.Length > 0 && line.Length + 1 + word.Length <= width)
                {
                    line.Append(' ').Append(word);
                    continue;
                }

                if (line.Length > 0)
                {
                    lines.Add(line.ToString());
                }

                int from = 0;
                for (; breakLong && word.Length - from > width; from += width)
                {
                    lines.Add(word.Substring(from, width));
                }

                line.Clear().Append(word, from, word.Length - from);
            }

            lines.Add(line.ToString());
        }

        return string.Join(separator, lines);
    }

    private static string Truncate(string text, Arguments arguments)
    {
        int length = arguments.TakeIndex("length", 255);
        bool killWords = arguments.TakeTruth("killwords");
        string end = arguments.TakeText("end", "...")!;
        int leeway = arguments.Take("leeway", null) is { } given ? Operators.ToIndex(given) : 5;
        string[] points = CodePoints.Split(text);
        int ending = CodePoints.Count(end);
        if (length < ending || leeway < 0)
        {
            throw TemplateError.Runtime($"expected length >= {ending}, got {length}");
        }

        if (points.Length <= length + (long)leeway)
        {
            return text;
        }

        string head = string.Concat(points[..(length - ending)]);
        int space = head.LastIndexOf(' ');
        return (killWords || space < 0 ? head : head[..space]) + end;
    }

    private static string Format(string format, Arguments arguments)
    {
        if (arguments.Named.Count == 0)
        {
            return PercentFormat.Format(format, new PythonTuple(arguments.Rest()));
        }

        var named = new PythonDictionary();
        foreach (string name in arguments.Named.Keys)
        {
            named[name] = arguments.Take(name);
        }

        return PercentFormat.Format(format, named);
    }

    private static string StripTags(string text)
    {
        var result = new StringBuilder();
        int from = 0;
        for (int open = text.IndexOf('<', StringComparison.Ordinal); open >= 0; open = text.IndexOf('<', from))
        {
            int close = text.IndexOf('>', open);
            if (close < 0)
            {
                break;
            }

            result.Append(text, from, open - from);
            from = close + 1;
        }

        result.Append(text, from, text.Length - from);
        return System.Net.WebUtility.HtmlDecode(string.Join(' ', result.ToString().Split(PythonText.WhiteSpace, StringSplitOptions.RemoveEmptyEntries)));
    }

    private static string UrlEncode(object? value)
    {
        static string Quote(object? part, bool slash) => Uri.EscapeDataString(PythonText.Str(part))
            .Replace("%2F", slash ? "/" : "%2F", StringComparison.Ordinal);
        return value is PythonDictionary dictionary
            ? string.Join('&', dictionary.Select(entry => Quote(entry.Key, false) + "=" + Quote(entry.Value, false)))
            : Quote(value, true);
    }

    private static Markup XmlAttributes(object? value, bool space)
    {
        PythonDictionary attributes = value as PythonDictionary ?? throw TemplateError.Runtime("xmlattr needs a mapping");
        string text = string.Join(' ', attributes
            .Where(entry => entry.Value is not (null or Undefined))
            .Select(entry => $"{Escape(PythonText.Str(entry.Key))}=\"{Escape(PythonText.Str(entry.Value))}\""));
        return new Markup(space && text.Length > 0 ? " " + text : text);
    }

    private static string FileSize(double bytes, bool binary)
    {
        double unit = binary ? 1024 : 1000;
        if (bytes < unit)
        {
            return bytes == 1 ? "1 Byte" : string.Create(CultureInfo.InvariantCulture, $"{(long)bytes} Bytes");
        }

        string[] names = binary ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"] : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
        int power = 0;
        for (; power < names.Length - 1 && bytes >= Math.Pow(unit, power + 2); power++)
        {
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes / Math.Pow(unit, power + 1):F1} {names[power]}");
    }

    private static string ToJson(object? value, Arguments arguments)
    {
        bool ascii = arguments.TakeTruth("ensure_ascii");
        object? indent = arguments.Take("indent", null);
        object? separators = arguments.Take("separators", null);
        bool sort = arguments.TakeTruth("sort_keys");
        string? indention = indent switch
        {
            null => null,
            string text => text,
            _ => new string(' ', Math.Clamp(Operators.ToIndex(indent), 0, 1000)),
        };
        object?[] marks = separators is null ? [indention is null ? ", " : ",", ": "] : [.. Operators.Iterate(separators)];
        return marks is [string item, string key]
            ? new JsonText(ascii, indention, item, key, sort).Write(value)
            : throw TemplateError.Runtime("separators must be two strings");
    }

    private static object? ToInteger(object? value, object? otherwise, int radix)
    {
        switch (value)
        {
            case string or Markup:
                string text = PythonText.Str(value);
                return PythonNumbers.TryInteger(text, radix, out BigInteger parsed) ? parsed
                    : PythonNumbers.TryFloat(text, out double real) && double.IsFinite(real) ? new BigInteger(Math.Truncate(real))
                    : otherwise;
            case double number:
                return double.IsFinite(number) ? new BigInteger(Math.Truncate(number)) : otherwise;
            case Undefined undefined:
                throw undefined.Error();
            default:
                return Operators.AsNumber(value) ?? otherwise;
        }
    }

    private static object? ToFloat(object? value, object? otherwise) => value switch
    {
        string or Markup => PythonNumbers.TryFloat(PythonText.Str(value), out double parsed) ? parsed : otherwise,
        Undefined undefined => throw undefined.Error(),
        _ => Operators.AsNumber(value) is { } number ? Operators.ToDouble(number) : otherwise,
    };

    private static double ToDouble(object? value) => Operators.AsNumber(value) is { } number ? Operators.ToDouble(number)
        : value is Undefined undefined ? throw undefined.Error()
        : PythonNumbers.TryFloat(PythonText.Str(value), out double parsed) ? parsed
        : throw TemplateError.Runtime($"a number is required, not {PythonText.TypeName(value)}");

    private static object Round(object? value, int precision, string method)
    {
        double number = ToDouble(value);
        double scale = Math.Pow(10, precision);
        switch (method)
        {
            case "common":
                return Operators.AsNumber(value) is BigInteger whole ? RoundInteger(whole, precision)
                    : precision is >= 0 and <= 15 ? Math.Round(number, precision, MidpointRounding.ToEven)
                    : Math.Round(number * scale, MidpointRounding.ToEven) / scale;
            case "ceil":
                return Math.Ceiling(number * scale) / scale;
            case "floor":
                return Math.Floor(number * scale) / scale;
            default:
                throw TemplateError.Runtime("method must be common, ceil or floor");
        }
    }

    private static BigInteger RoundInteger(BigInteger value, int precision)
    {
        if (precision >= 0)
        {
            return value;
        }

        if (-(long)precision > value.GetBitLength())
        {
            return BigInteger.Zero; // half of the unit is more than the value
        }

        BigInteger unit = BigInteger.Pow(10, -precision);
        BigInteger rest = ((value % unit) + unit) % unit;
        BigInteger down = value - rest;
        bool up = rest * 2 > unit || (rest * 2 == unit && !(down / unit).IsEven);
        return up ? down + unit : down;
    }

    private static object? Default(object? value, object? otherwise, bool falsy) =>
        value is Undefined || (falsy && !Operators.IsTrue(value)) ? otherwise : value;
}
