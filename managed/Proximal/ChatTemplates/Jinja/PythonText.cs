using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>How Python writes values: str(), repr(), type names; and what it takes for white space.</summary>
internal static class PythonText
{
    /// <summary>The characters that str.strip() removes.</summary>
    public static readonly char[] WhiteSpace =
        [.. Enumerable.Range(0, 0x3001).Select(i => (char)i).Where(IsWhiteSpace)];

    public static bool IsWhiteSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static string Str(object? value) => value switch
    {
        string text => text,
        Markup markup => markup.Text,
        Undefined => string.Empty,
        _ => Repr(value),
    };

    public static string Repr(object? value)
    {
        var text = new StringBuilder();
        AppendRepr(text, value);
        Work.Spend(text.Length);
        return text.ToString();
    }

    /// <summary>The shortest digits that read back to the same number, as Python sets them.</summary>
    public static string FloatRepr(double value)
    {
        if (double.IsNaN(value))
        {
            return "nan";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "inf" : "-inf";
        }

        string scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        (string digits, int exponent) = Decompose(shortest);
        string sign = scientific[0] == '-' || double.IsNegative(value) ? "-" : string.Empty;
        if (value == 0)
        {
            return sign + "0.0";
        }

        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : string.Empty;
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
        {
            return sign + "0." + new string('0', -exponent - 1) + digits;
        }

        return digits.Length <= exponent + 1
            ? sign + digits.PadRight(exponent + 1, '0') + ".0"
            : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>The type's name as error messages have it.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        BigInteger => "int",
        double => "float",
        string => "str",
        Markup => "Markup",
        List<object?> => "list",
        PythonTuple => "tuple",
        Group => "_GroupTuple",
        PythonDictionary => "dict",
        PythonRange => "range",
        PythonBytes => "bytes",
        PythonIterator => "generator",
        DictionaryView view => view.Name,
        Undefined => "Undefined",
        Namespace => "Namespace",
        LoopContext => "LoopContext",
        Macro => "Macro",
        _ => "function",
    };

    /// <summary>The owner as messages about missing members have it.</summary>
    public static string TypeForMembers(object? owner) => owner is null ? "None" : $"{TypeName(owner)} object";

    private static (string Digits, int Exponent) Decompose(string number)
    {
        string text = number.TrimStart('-');
        int exponentAt = text.IndexOf('E', StringComparison.Ordinal);
        int shift = exponentAt < 0 ? 0 : int.Parse(text[(exponentAt + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = exponentAt < 0 ? text : text[..exponentAt];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        string whole = point < 0 ? mantissa : mantissa[..point];
        string all = whole + (point < 0 ? string.Empty : mantissa[(point + 1)..]);
        string digits = all.TrimStart('0');
        int exponent = whole.Length - 1 - (all.Length - digits.Length) + shift;
        digits = digits.TrimEnd('0');
        return (digits.Length == 0 ? "0" : digits, exponent);
    }

    private static void AppendRepr(StringBuilder text, object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Limits.CheckLength(text.Length);
        switch (value)
        {
            case null: text.Append("None"); break;
            case bool truth: text.Append(truth ? "True" : "False"); break;
            case BigInteger number: Work.SpendOn(number); text.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case double number: text.Append(FloatRepr(number)); break;
            case string s: AppendQuoted(text, s); break;
            case Markup markup: text.Append("Markup("); AppendQuoted(text, markup.Text); text.Append(')'); break;
            case List<object?> list: AppendItems(text, '[', list, ']'); break;
            case Group group: AppendRepr(text, group.AsTuple()); break;
            case PythonTuple { Items: [var only] }: text.Append('('); AppendRepr(text, only); text.Append(",)"); break;
            case PythonTuple tuple: AppendItems(text, '(', tuple.Items, ')'); break;
            case PythonDictionary dictionary: AppendDictionary(text, dictionary); break;
            case DictionaryView view: text.Append(view.Name); AppendItems(text, '(', [view.Items.ToList()], ')'); break;
            case PythonRange range: AppendRange(text, range); break;
            case PythonBytes bytes: AppendBytes(text, bytes.Bytes); break;
            case Undefined: text.Append("Undefined"); break;
            default: text.Append('<').Append(TypeName(value)).Append('>'); break;
        }
    }

    private static void AppendItems(StringBuilder text, char open, IEnumerable<object?> items, char close)
    {
        text.Append(open);
        bool first = true;
        foreach (object? item in items)
        {
            text.Append(first ? string.Empty : ", ");
            first = false;
            AppendRepr(text, item);
        }

        text.Append(close);
    }

    private static void AppendDictionary(StringBuilder text, PythonDictionary dictionary)
    {
        text.Append('{');
        bool first = true;
        foreach ((object? key, object? value) in dictionary)
        {
            text.Append(first ? string.Empty : ", ");
            first = false;
            AppendRepr(text, key);
            text.Append(": ");
            AppendRepr(text, value);
        }

        text.Append('}');
    }

    private static void AppendRange(StringBuilder text, PythonRange range)
    {
        text.Append(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}");
        text.Append(range.Step.IsOne ? ")" : string.Create(CultureInfo.InvariantCulture, $", {range.Step})"));
    }

    private static void AppendQuoted(StringBuilder text, string s)
    {
        char quote = s.Contains('\'', StringComparison.Ordinal) && !s.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        text.Append(quote);
        for (int i = 0; i < s.Length; i++)
        {
            Rune rune = Rune.TryGetRuneAt(s, i, out Rune whole) ? whole : Rune.ReplacementChar;
            bool pair = rune.Utf16SequenceLength == 2;
            AppendCharacter(text, s, i, rune, quote);
            i += pair ? 1 : 0;
        }

        text.Append(quote);
    }

    private static void AppendCharacter(StringBuilder text, string s, int i, Rune rune, char quote)
    {
        char c = s[i];
        switch (c)
        {
            case '\\': text.Append("\\\\"); break;
            case '\n': text.Append("\\n"); break;
            case '\r': text.Append("\\r"); break;
            case '\t': text.Append("\\t"); break;
            case var _ when c == quote: text.Append('\\').Append(c); break;
            case < ' ' or '\x7f': text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"); break;
            case var _ when char.IsSurrogate(c) && rune.Utf16SequenceLength == 1:
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                break;
            case var _ when IsPrintable(rune): text.Append(s, i, rune.Utf16SequenceLength); break;
            default:
                text.Append(rune.Value switch
                {
                    < 0x100 => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                    < 0x10000 => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                    _ => string.Create(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
                });
                break;
        }
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    private static void AppendBytes(StringBuilder text, byte[] bytes)
    {
        text.Append("b'");
        foreach (byte b in bytes)
        {
            text.Append(b switch
            {
                (byte)'\\' => "\\\\",
                (byte)'\'' => "\\'",
                (byte)'\n' => "\\n",
                (byte)'\r' => "\\r",
                (byte)'\t' => "\\t",
                >= 0x20 and < 0x7f => ((char)b).ToString(),
                _ => string.Create(CultureInfo.InvariantCulture, $"\\x{b:x2}"),
            });
        }

        text.Append('\'');
    }
}
