using System.Globalization;
using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>Python's format specification: fill, alignment, sign, zero padding, width, grouping, precision, type.</summary>
internal sealed record FormatSpec(string Fill, char Align, char Sign, bool Alternate, int Width, bool Grouped, int Precision, char Type)
{
    public static FormatSpec Parse(string text)
    {
        string[] points = CodePoints.Split(text);
        int at = 0;
        string fill = " ";
        char align = '\0';
        if (points.Length > 1 && points[1] is "<" or ">" or "^" or "=")
        {
            (fill, align, at) = (points[0], points[1][0], 2);
        }
        else if (points.Length > 0 && points[0] is "<" or ">" or "^" or "=")
        {
            (align, at) = (points[0][0], 1);
        }

        char Peek() => at < points.Length ? points[at][0] : '\0';
        char sign = Peek() is '+' or '-' or ' ' ? points[at++][0] : '-';
        bool alternate = Peek() == '#';
        at += alternate ? 1 : 0;
        if (Peek() == '0')
        {
            at++;
            (fill, align) = align == '\0' ? ("0", '=') : (fill, align);
        }

        int width = Number();
        bool grouped = Peek() == ',';
        at += grouped ? 1 : 0;
        int precision = -1;
        if (Peek() == '.')
        {
            at++;
            precision = Number();
        }

        char type = at < points.Length ? points[at++][0] : '\0';
        return at == points.Length
            ? new FormatSpec(fill, align, sign, alternate, width, grouped, precision, type)
            : throw TemplateError.Runtime($"Invalid format specifier '{text}'");

        int Number()
        {
            long number = 0;
            while (char.IsAsciiDigit(Peek()))
            {
                number = (number * 10) + (points[at++][0] - '0');
                Limits.CheckLength(number);
            }

            return (int)number;
        }
    }

    public string Apply(object? value)
    {
        object? number = Operators.AsNumber(value);
        return number is null || (value is bool && Type == '\0')
            ? Pad(Text(PythonText.Str(value), value), '<')
            : Pad(Number(number), '>');
    }

    private string Text(string text, object? value)
    {
        if (Type is not ('\0' or 's'))
        {
            throw TemplateError.Runtime($"Unknown format code '{Type}' for object of type '{PythonText.TypeName(value)}'");
        }

        return Precision >= 0 && Precision < CodePoints.Count(text) ? string.Concat(CodePoints.Split(text)[..Precision]) : text;
    }

    private string Number(object number)
    {
        Work.SpendOn(number);
        bool negative = number is BigInteger whole ? whole.Sign < 0 : double.IsNegative((double)number);
        object magnitude = number is BigInteger integer ? BigInteger.Abs(integer) : Math.Abs((double)number);
        string sign = negative ? "-" : Sign == '-' ? string.Empty : Sign.ToString();
        string digits = magnitude is BigInteger i && Type is '\0' or 'd' or 'x' or 'X' or 'o' or 'b' or 'c' or 'n'
            ? Integer(number, (BigInteger)magnitude)
            : Real(Operators.ToDouble(magnitude));
        return sign + (Grouped ? Group(digits) : digits);
    }

    private string Integer(object number, BigInteger magnitude) => Type switch
    {
        'x' => (Alternate ? "0x" : string.Empty) + Hex(magnitude),
        'X' => (Alternate ? "0X" : string.Empty) + Hex(magnitude).ToUpperInvariant(),
        'o' => (Alternate ? "0o" : string.Empty) + InBase(magnitude, 8),
        'b' => (Alternate ? "0b" : string.Empty) + InBase(magnitude, 2),
        'c' => CodePoints.FromNumber(Operators.ToIndex(number)),
        _ => magnitude.ToString(CultureInfo.InvariantCulture),
    };

    private string Real(double magnitude)
    {
        if (double.IsNaN(magnitude) || double.IsInfinity(magnitude))
        {
            return double.IsNaN(magnitude) ? "nan" : "inf";
        }

        int precision = Precision < 0 ? 6 : Math.Min(Precision, 1000);
        return Type switch
        {
            'f' or 'F' => magnitude.ToString("F" + precision, CultureInfo.InvariantCulture),
            'e' or 'E' => Exponent(magnitude, precision, Type),
            '%' => (magnitude * 100).ToString("F" + precision, CultureInfo.InvariantCulture) + "%",
            'g' or 'G' => General(magnitude, Math.Max(1, precision)),
            '\0' when Precision < 0 => PythonText.FloatRepr(magnitude),
            '\0' => General(magnitude, Math.Max(1, precision)),
            _ => throw TemplateError.Runtime($"Unknown format code '{Type}' for object of type 'float'"),
        };
    }

    private static string Exponent(double value, int precision, char letter)
    {
        string text = value.ToString((letter == 'E' ? "E" : "e") + precision, CultureInfo.InvariantCulture);
        int at = text.IndexOf(letter, StringComparison.Ordinal) + 1;
        int exponent = int.Parse(text[at..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return text[..at] + (exponent < 0 ? '-' : '+') + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
    }

    private static string General(double value, int precision)
    {
        if (value == 0)
        {
            return "0";
        }

        string scientific = value.ToString("e" + (precision - 1), CultureInfo.InvariantCulture);
        int exponent = int.Parse(scientific[(scientific.IndexOf('e', StringComparison.Ordinal) + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent < -4 || exponent >= precision)
        {
            string mantissa = Exponent(value, precision - 1, 'e');
            int e = mantissa.IndexOf('e', StringComparison.Ordinal);
            return TrimFraction(mantissa[..e]) + mantissa[e..];
        }

        return TrimFraction(value.ToString("F" + (precision - 1 - exponent), CultureInfo.InvariantCulture));
    }

    private static string TrimFraction(string text) =>
        text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;

    private static string Hex(BigInteger value) => InBase(value, 16);

    private static string InBase(BigInteger value, int radix)
    {
        if (value.IsZero)
        {
            return "0";
        }

        var digits = new Stack<char>();
        for (; !value.IsZero; value /= radix)
        {
            digits.Push("0123456789abcdef"[(int)(value % radix)]);
        }

        return string.Concat(digits);
    }

    private static string Group(string digits)
    {
        int end = digits.AsSpan().IndexOfAnyExceptInRange('0', '9');
        end = end < 0 ? digits.Length : end;
        string grouped = digits[end..];
        for (int at = end; at > 0; at -= 3)
        {
            grouped = digits[Math.Max(0, at - 3)..at] + (at == end ? string.Empty : ",") + grouped;
        }

        return grouped;
    }

    private string Pad(string text, char standard)
    {
        int missing = Width - CodePoints.Count(text);
        if (missing <= 0)
        {
            return text;
        }

        char align = Align == '\0' ? standard : Align;
        int left = align switch { '<' => 0, '^' => missing / 2, _ => missing };
        string Filling(int count) => string.Concat(Enumerable.Repeat(Fill, count));
        if (align == '=' && text.Length > 0 && text[0] is '-' or '+' or ' ')
        {
            return text[0] + Filling(missing) + text[1..];
        }

        return Filling(left) + text + Filling(missing - left);
    }
}
