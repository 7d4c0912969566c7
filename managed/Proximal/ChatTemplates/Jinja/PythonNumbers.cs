using System.Globalization;
using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>int() and float() of text.</summary>
internal static class PythonNumbers
{
    public static bool TryParse(string digits, int radix, out BigInteger value)
    {
        value = BigInteger.Zero;
        if (digits.Length is 0 or > 4096)
        {
            return false;
        }

        Work.Spend((long)digits.Length * digits.Length >> 4); // a growing number is multiplied for every digit
        foreach (char c in digits.Replace("_", string.Empty, StringComparison.Ordinal))
        {
            int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : 99;
            if (digit >= radix)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        return true;
    }

    public static bool TryInteger(string text, int radix, out BigInteger value)
    {
        string digits = text.Trim(PythonText.WhiteSpace);
        bool negative = digits.StartsWith('-');
        digits = negative || digits.StartsWith('+') ? digits[1..] : digits;
        string prefix = radix switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => string.Empty };
        if (prefix.Length > 0 && digits.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
        {
            digits = digits[2..];
        }

        bool parsed = TryParse(digits, radix, out value);
        value = negative ? -value : value;
        return parsed;
    }

    public static bool TryFloat(string text, out double value)
    {
        string number = text.Trim(PythonText.WhiteSpace).Replace("_", string.Empty, StringComparison.Ordinal);
        switch (number.TrimStart('+', '-').ToUpperInvariant())
        {
            case "INF" or "INFINITY":
                value = number.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity;
                return true;
            case "NAN":
                value = double.NaN;
                return true;
            default:
                return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
        }
    }
}
