using System.Numerics;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>'...' % values.</summary>
internal static class PercentFormat
{
    public static string Format(string format, object? values)
    {
        IReadOnlyList<object?> items = values is PythonTuple tuple ? tuple.Items : [values];
        var named = values as PythonDictionary;
        var text = new StringBuilder();
        int next = 0;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            text.Append(Directive(format, ref i, named, Next));
            Limits.CheckLength(text.Length);
        }

        return next < items.Count && named is null
            ? throw TemplateError.Runtime("not all arguments converted during string formatting")
            : text.ToString();

        object? Next() => next < items.Count ? items[next++] : throw TemplateError.Runtime("not enough arguments for format string");
    }

    private static string Directive(string format, ref int i, PythonDictionary? named, Func<object?> next)
    {
        int at = i + 1;
        char Peek() => at < format.Length ? format[at] : throw TemplateError.Runtime("incomplete format");
        object? value = null;
        bool hasValue = false;
        if (Peek() == '(')
        {
            int close = format.IndexOf(')', at);
            string key = close < 0 ? throw TemplateError.Runtime("incomplete format key") : format[(at + 1)..close];
            if (named is null)
            {
                throw TemplateError.Runtime("format requires a mapping");
            }

            hasValue = named.TryGet(key, out value) ? true : throw TemplateError.Runtime($"'{key}'");
            at = close + 1;
        }

        int flagsStart = at;
        while (Peek() is '-' or '+' or ' ' or '#' or '0')
        {
            at++;
        }

        string flags = format[flagsStart..at];
        int width = Number(format, ref at, next);
        int precision = -1;
        if (Peek() == '.')
        {
            at++;
            precision = Math.Max(0, Number(format, ref at, next));
        }

        char type = Peek();
        i = at;
        if (type == '%')
        {
            return "%";
        }

        return Convert(type, hasValue ? value : next(), flags, width, precision);
    }

    private static int Number(string format, ref int at, Func<object?> next)
    {
        if (at < format.Length && format[at] == '*')
        {
            at++;
            int given = Operators.ToIndex(next());
            Limits.CheckLength(Math.Abs((long)given));
            return given;
        }

        long number = 0;
        for (; at < format.Length && char.IsAsciiDigit(format[at]); at++)
        {
            number = (number * 10) + (format[at] - '0');
            Limits.CheckLength(number);
        }

        return (int)number;
    }

    private static string Convert(char type, object? value, string flags, int width, int precision)
    {
        bool left = flags.Contains('-', StringComparison.Ordinal) || width < 0;
        bool zero = flags.Contains('0', StringComparison.Ordinal) && !left;
        char sign = flags.Contains('+', StringComparison.Ordinal) ? '+' : flags.Contains(' ', StringComparison.Ordinal) ? ' ' : '-';
        bool alternate = flags.Contains('#', StringComparison.Ordinal);
        width = Math.Abs(width);
        switch (type)
        {
            case 's' or 'r' or 'a':
                string text = type == 's' ? PythonText.Str(value) : PythonText.Repr(value);
                return new FormatSpec(" ", left ? '<' : '>', '-', false, width, false, precision, 's').Apply(text);
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o':
                char kind = type is 'i' or 'u' ? 'd' : type;
                return new FormatSpec(zero ? "0" : " ", left ? '<' : zero ? '=' : '>', sign, alternate, width, false, -1, kind)
                    .Apply(Whole(type, value));
            case 'f' or 'F' or 'e' or 'E' or 'g' or 'G':
                object x = Operators.AsNumber(value) ?? throw TemplateError.Runtime($"must be real number, not {PythonText.TypeName(value)}");
                return new FormatSpec(zero ? "0" : " ", left ? '<' : zero ? '=' : '>', sign, alternate, width, false, precision, type)
                    .Apply(Operators.ToDouble(x));
            case 'c':
                return new FormatSpec(" ", left ? '<' : '>', '-', false, width, false, -1, 's').Apply(Character(value));
            default:
                throw TemplateError.Runtime($"unsupported format character '{type}'");
        }
    }

    private static BigInteger Whole(char type, object? value) => Operators.AsNumber(value) switch
    {
        BigInteger whole => whole,
        double when type is 'x' or 'X' or 'o' => throw TemplateError.Runtime($"%{type} format: an integer is required, not float"),
        double real when double.IsFinite(real) => new BigInteger(Math.Truncate(real)),
        double real => throw TemplateError.Runtime($"cannot convert float {(double.IsNaN(real) ? "NaN" : "infinity")} to integer"),
        _ => throw TemplateError.Runtime($"%{type} format: a real number is required, not {PythonText.TypeName(value)}"),
    };

    private static string Character(object? value) => value is string or Markup
        ? PythonText.Str(value) is var text && CodePoints.Count(text) == 1 ? text : throw TemplateError.Runtime("%c requires int or char")
        : CodePoints.FromNumber(Operators.ToIndex(value));
}
