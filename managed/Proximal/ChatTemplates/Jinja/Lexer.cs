using System.Globalization;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>
/// Cuts a template into tokens the way chat templates are read: trim_blocks (the newline after a block tag goes),
/// lstrip_blocks (blanks before a block tag that begins a line go), one newline at the very end goes.
/// </summary>
internal sealed class Lexer
{
    private static readonly string[] TwoCharacterOperators = ["//", "**", "==", "!=", ">=", "<="];
    private const string OneCharacterOperators = "+-/*%~[](){}<>=.:|,;";

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly Stack<char> _brackets = new();
    private int _position;
    private int _line = 1;
    private int _counted;
    private bool _lineStarting = true;

    private Lexer(string source)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = text.EndsWith('\n') ? text[..^1] : text;
    }

    public static IReadOnlyList<Token> Tokenize(string source)
    {
        var lexer = new Lexer(source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_position < _source.Length)
        {
            int tag = NextTag(_position);
            if (tag < 0)
            {
                AddData(_source[_position..]);
                _position = _source.Length;
                break;
            }

            char kind = _source[tag + 1];
            char sign = At(tag + 2) is '-' or '+' ? At(tag + 2) : '\0';
            AddData(TextBefore(tag, kind, sign));
            _position = tag + 2 + (sign == '\0' ? 0 : 1);
            switch (kind)
            {
                case '#':
                    SkipComment();
                    break;
                case '%' when IsRaw(out int rawEnd):
                    Raw(rawEnd);
                    break;
                case '%':
                    Tag(TokenKind.BlockBegin, TokenKind.BlockEnd, "%}");
                    break;
                default:
                    Tag(TokenKind.VariableBegin, TokenKind.VariableEnd, "}}");
                    break;
            }
        }

        Add(TokenKind.End, string.Empty);
    }

    private char At(int index) => index < _source.Length ? _source[index] : '\0';

    private bool StartsWith(string text) => string.CompareOrdinal(_source, _position, text, 0, text.Length) == 0;

    private int NextTag(int from)
    {
        for (int i = _source.IndexOf('{', from); i >= 0; i = _source.IndexOf('{', i + 1))
        {
            if (At(i + 1) is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The text from here to a tag, less what the tag's sign or lstrip_blocks takes away.</summary>
    private string TextBefore(int tag, char kind, char sign)
    {
        string text = _source[_position..tag];
        if (sign == '-')
        {
            return text.TrimEnd(PythonText.WhiteSpace);
        }

        if (sign == '+' || kind == '{')
        {
            return text;
        }

        int lineStart = text.LastIndexOf('\n') + 1;
        bool beginsLine = lineStart > 0 || _lineStarting;
        return beginsLine && text.AsSpan(lineStart).TrimStart(PythonText.WhiteSpace).IsEmpty ? text[..lineStart] : text;
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Error("Missing end of comment tag");
        }

        char sign = _source[end - 1];
        _position = end + 2;
        AfterTag(end > 0 ? sign : '\0', trimNewline: true);
    }

    private bool IsRaw(out int end)
    {
        end = SkipWhiteSpace(_position);
        if (string.CompareOrdinal(_source, end, "raw", 0, 3) != 0)
        {
            return false;
        }

        end = SkipWhiteSpace(end + 3);
        return string.CompareOrdinal(_source, end, "%}", 0, 2) == 0 || string.CompareOrdinal(_source, end, "-%}", 0, 3) == 0;
    }

    private void Raw(int beginEnd)
    {
        bool trim = _source[beginEnd] == '-';
        _position = beginEnd + (trim ? 3 : 2);
        if (trim)
        {
            _position = SkipWhiteSpace(_position);
        }

        _lineStarting = _source[_position - 1] == '\n';
        for (int tag = _source.IndexOf("{%", _position, StringComparison.Ordinal); tag >= 0;
             tag = _source.IndexOf("{%", tag + 2, StringComparison.Ordinal))
        {
            char sign = At(tag + 2) is '-' or '+' ? At(tag + 2) : '\0';
            int word = SkipWhiteSpace(tag + 2 + (sign == '\0' ? 0 : 1));
            if (string.CompareOrdinal(_source, word, "endraw", 0, 6) != 0)
            {
                continue;
            }

            int close = SkipWhiteSpace(word + 6);
            char endSign = At(close) is '-' or '+' ? At(close) : '\0';
            close += endSign == '\0' ? 0 : 1;
            if (string.CompareOrdinal(_source, close, "%}", 0, 2) == 0)
            {
                AddData(TextBefore(tag, '%', sign));
                _position = close + 2;
                AfterTag(endSign, trimNewline: true);
                return;
            }
        }

        throw Error("Missing end of raw directive");
    }

    /// <summary>The tokens of one {{ }} or {% %}.</summary>
    private void Tag(TokenKind begin, TokenKind end, string close)
    {
        Add(begin, string.Empty);
        while (true)
        {
            _position = SkipWhiteSpace(_position);
            if (_position >= _source.Length)
            {
                return; // the parser says what it was waiting for
            }

            if (_brackets.Count == 0 && EndsTag(close, out char sign))
            {
                Add(end, string.Empty);
                AfterTag(sign, trimNewline: end == TokenKind.BlockEnd);
                return;
            }

            Expression();
        }
    }

    private bool EndsTag(string close, out char sign)
    {
        sign = At(_position) is '-' or '+' ? At(_position) : '\0';
        bool plus = sign == '+' && close == "}}";
        int at = _position + (sign == '\0' || plus ? 0 : 1);
        if (string.CompareOrdinal(_source, at, close, 0, 2) != 0)
        {
            sign = '\0';
            return false;
        }

        _position = at + 2;
        return true;
    }

    private void AfterTag(char sign, bool trimNewline)
    {
        if (sign == '-')
        {
            _position = SkipWhiteSpace(_position);
        }
        else if (sign != '+' && trimNewline && At(_position) == '\n')
        {
            _position++;
        }

        _lineStarting = _source[_position - 1] == '\n';
    }

    private void Expression()
    {
        char c = _source[_position];
        if (char.IsAsciiDigit(c))
        {
            Number();
        }
        else if (c is '\'' or '"')
        {
            Text(c);
        }
        else if (c == '_' || char.IsLetter(c))
        {
            int start = _position;
            while (_position < _source.Length && (At(_position) == '_' || char.IsLetterOrDigit(At(_position))))
            {
                _position++;
            }

            Add(TokenKind.Name, _source[start.._position]);
        }
        else
        {
            Operator(c);
        }
    }

    private void Operator(char c)
    {
        string? two = Array.Find(TwoCharacterOperators, StartsWith);
        if (two is not null)
        {
            Add(TokenKind.Operator, two);
            _position += 2;
            return;
        }

        if (!OneCharacterOperators.Contains(c, StringComparison.Ordinal))
        {
            throw Error($"unexpected char {PythonText.Repr(c.ToString())} at {_position}");
        }

        Balance(c);
        Add(TokenKind.Operator, c.ToString());
        _position++;
    }

    private void Balance(char c)
    {
        if (c is '(' or '[' or '{')
        {
            _brackets.Push(c switch { '(' => ')', '[' => ']', _ => '}' });
        }
        else if (c is ')' or ']' or '}')
        {
            if (_brackets.Count == 0)
            {
                throw Error($"unexpected '{c}'");
            }

            char expected = _brackets.Pop();
            if (expected != c)
            {
                throw Error($"unexpected '{c}', expected '{expected}'");
            }
        }
    }

    private void Number()
    {
        int start = _position;
        if (At(_position) == '0' && char.ToLowerInvariant(At(_position + 1)) is 'x' or 'o' or 'b')
        {
            _position += 2;
            while (char.IsAsciiHexDigit(At(_position)) || At(_position) == '_')
            {
                _position++;
            }

            Add(TokenKind.Integer, _source[start.._position]);
            return;
        }

        Digits();
        bool real = false;

        // After a dot (b.0.x) a number is an index, never a fraction.
        bool index = _tokens.Count > 0 && _tokens[^1].IsOperator(".");
        if (!index && At(_position) == '.' && char.IsAsciiDigit(At(_position + 1)))
        {
            real = true;
            _position++;
            Digits();
        }

        int exponent = _position + 1 + (At(_position + 1) is '+' or '-' ? 1 : 0);
        if (!index && At(_position) is 'e' or 'E' && char.IsAsciiDigit(At(exponent)))
        {
            real = true;
            _position = exponent;
            Digits();
        }

        Add(real ? TokenKind.Float : TokenKind.Integer, _source[start.._position].Replace("_", string.Empty, StringComparison.Ordinal));
    }

    private void Digits()
    {
        while (char.IsAsciiDigit(At(_position)) || (At(_position) == '_' && char.IsAsciiDigit(At(_position + 1))))
        {
            _position++;
        }
    }

    private void Text(char quote)
    {
        int start = _position;
        for (int i = start + 1; i < _source.Length; i++)
        {
            if (_source[i] == '\\')
            {
                i++;
            }
            else if (_source[i] == quote)
            {
                _position = i + 1;
                Add(TokenKind.Text, Unescape(_source.AsSpan(start + 1, i - start - 1)));
                return;
            }
        }

        throw Error($"unexpected char {PythonText.Repr(quote.ToString())} at {start}");
    }

    /// <summary>Resolves the escapes of a Python string; an unknown one stays as it is.</summary>
    private string Unescape(ReadOnlySpan<char> text)
    {
        if (!text.Contains('\\'))
        {
            return text.ToString();
        }

        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            char c = text[++i];
            switch (c)
            {
                case '\n': break;
                case 'n': result.Append('\n'); break;
                case 't': result.Append('\t'); break;
                case 'r': result.Append('\r'); break;
                case 'a': result.Append('\a'); break;
                case 'b': result.Append('\b'); break;
                case 'f': result.Append('\f'); break;
                case 'v': result.Append('\v'); break;
                case '\\' or '\'' or '"': result.Append(c); break;
                case 'x': AppendHex(result, text, ref i, 2); break;
                case 'u': AppendHex(result, text, ref i, 4); break;
                case 'U': AppendHex(result, text, ref i, 8); break;
                case >= '0' and <= '7': AppendOctal(result, text, ref i); break;
                default: result.Append('\\').Append(c); break;
            }
        }

        return result.ToString();
    }

    private void AppendHex(StringBuilder result, ReadOnlySpan<char> text, ref int i, int digits)
    {
        if (text.Length - 1 - i < digits)
        {
            throw Error($"truncated \\{text[i]} escape in a string");
        }

        if (!int.TryParse(text.Slice(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            || value is < 0 or > 0x10FFFF)
        {
            throw Error($"malformed \\{text[i]} escape in a string");
        }

        i += digits;
        result.Append(CodePoints.FromNumber(value));
    }

    private static void AppendOctal(StringBuilder result, ReadOnlySpan<char> text, ref int i)
    {
        int value = 0;
        int end = Math.Min(i + 3, text.Length);
        for (; i < end && text[i] is >= '0' and <= '7'; i++)
        {
            value = (value * 8) + (text[i] - '0');
        }

        i--;
        result.Append(CodePoints.FromNumber(value));
    }

    private int SkipWhiteSpace(int from)
    {
        while (from < _source.Length && PythonText.IsWhiteSpace(_source[from]))
        {
            from++;
        }

        return from;
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
        }
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, Line()));

    private int Line()
    {
        _line += _source.AsSpan(_counted, Math.Max(0, Math.Min(_position, _source.Length) - _counted)).Count('\n');
        _counted = Math.Max(_counted, Math.Min(_position, _source.Length));
        return _line;
    }

    private TemplateError Error(string text) => new(ChatTemplateErrorKind.Syntax, text, Line());
}
