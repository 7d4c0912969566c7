using System.Text;

namespace Proximal.Tokenization.Patterns;

/// <summary>Rewrites a regular expression of Oniguruma's dialect for .NET, or refuses what .NET would read differently.</summary>
internal static class OnigurumaTranslation
{
    private const string WordClasses = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}";

    /// <summary>The expression for .NET.</summary>
    /// <exception cref="ArgumentException">It uses a construct that .NET lacks or reads differently.</exception>
    public static string Translate(string source)
    {
        StringBuilder result = new(source.Length + 32);
        bool inClass = false;
        for (int i = 0; i < source.Length; i++)
        {
            char c = source[i];
            if (c == '\\' && i + 1 < source.Length)
            {
                AppendEscape(result, source[++i], inClass);
                continue;
            }

            Refuse(source, i, inClass);
            inClass = c == '[' || (c != ']' && inClass);
            result.Append(c);
        }

        return result.ToString();
    }

    private static void AppendEscape(StringBuilder result, char letter, bool inClass)
    {
        switch (letter)
        {
            case 'w':
                result.Append(inClass ? WordClasses : $"[{WordClasses}]");
                break;
            case 'W' when !inClass:
                result.Append($"[^{WordClasses}]");
                break;
            case 'h' or 'H' or 'R' or 'X' or 'K' or 'W' or 'g' or 'N' or 'O':
                throw new ArgumentException($"\\{letter}{(inClass ? " inside [...]" : "")} is not supported");
            default:
                result.Append('\\').Append(letter);
                break;
        }
    }

    private static void Refuse(string source, int index, bool inClass)
    {
        ReadOnlySpan<char> rest = source.AsSpan(index);
        if (char.IsSurrogate(source[index]))
        {
            throw new ArgumentException("code points above U+FFFF are not supported in an expression");
        }

        if (inClass && (rest[0] == '[' || rest.StartsWith("&&")))
        {
            throw new ArgumentException("classes inside classes and && are not supported");
        }

        bool possessive = !inClass && rest[0] == '+' && index > 0 && source[index - 1] is '+' or '*' or '?' && !IsEscaped(source, index - 1);
        if (possessive || (!inClass && (rest.StartsWith("(?~") || rest.StartsWith("(?@"))))
        {
            throw new ArgumentException("possessive quantifiers, absent operators and callouts are not supported");
        }
    }

    private static bool IsEscaped(string source, int index)
    {
        int backslashes = 0;
        while (index - backslashes > 0 && source[index - backslashes - 1] == '\\')
        {
            backslashes++;
        }

        return backslashes % 2 == 1;
    }
}
