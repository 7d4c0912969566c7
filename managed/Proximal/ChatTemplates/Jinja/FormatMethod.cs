using System.Globalization;
using System.Numerics;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>str.format and str.format_map, attributes of fields through the sandbox.</summary>
internal static class FormatMethod
{
    public static string Format(string format, Arguments arguments)
    {
        var fields = new Fields(arguments.Positional, name => arguments.Named.TryGetValue(name, out object? value)
            ? value
            : throw TemplateError.Runtime($"'{name}'"));
        return Expand(format, fields, depth: 2);
    }

    public static string FormatMap(string format, object? mapping)
    {
        var dictionary = mapping as PythonDictionary ?? throw TemplateError.Runtime("format_map() argument must be a mapping");
        var fields = new Fields([], name => dictionary.TryGet(name, out object? value) ? value : throw TemplateError.Runtime($"'{name}'"));
        return Expand(format, fields, depth: 2);
    }

    private static string Expand(string format, Fields fields, int depth)
    {
        if (depth < 0)
        {
            throw TemplateError.Runtime("Max string recursion exceeded");
        }

        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            bool doubled = i + 1 < format.Length && format[i + 1] == c;
            if (c is '{' or '}' && doubled)
            {
                text.Append(c);
                i++;
            }
            else if (c == '}')
            {
                throw TemplateError.Runtime("Single '}' encountered in format string");
            }
            else if (c == '{')
            {
                int close = Closing(format, i);
                text.Append(Field(format[(i + 1)..close], fields, depth));
                i = close;
            }
            else
            {
                text.Append(c);
            }

            Limits.CheckLength(text.Length);
        }

        return text.ToString();
    }

    private static int Closing(string format, int open)
    {
        int depth = 0;
        for (int i = open; i < format.Length; i++)
        {
            depth += format[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                return i;
            }
        }

        throw TemplateError.Runtime("expected '}' before end of string");
    }

    private static string Field(string field, Fields fields, int depth)
    {
        int colon = field.IndexOf(':', StringComparison.Ordinal);
        string head = colon < 0 ? field : field[..colon];
        string spec = colon < 0 ? string.Empty : Expand(field[(colon + 1)..], fields, depth - 1);
        int bang = head.IndexOf('!', StringComparison.Ordinal);
        string name = bang < 0 ? head : head[..bang];
        object? value = Resolve(name, fields);
        value = (bang < 0 ? string.Empty : head[(bang + 1)..]) switch
        {
            "" => value,
            "s" => PythonText.Str(value),
            "r" or "a" => PythonText.Repr(value),
            var other => throw TemplateError.Runtime($"Unknown conversion specifier '{other}'"),
        };
        return FormatSpec.Parse(spec).Apply(value);
    }

    private static object? Resolve(string name, Fields fields)
    {
        int end = name.AsSpan().IndexOfAny('.', '[');
        object? value = fields.First(end < 0 ? name : name[..end]);
        int at = end < 0 ? name.Length : end;
        while (at < name.Length)
        {
            if (name[at] == '.')
            {
                int next = name.AsSpan(at + 1).IndexOfAny('.', '[');
                next = next < 0 ? name.Length : at + 1 + next;
                value = Members.Attribute(value, name[(at + 1)..next]);
                at = next;
                continue;
            }

            int close = name.IndexOf(']', at);
            if (close < 0)
            {
                throw TemplateError.Runtime("Missing ']' in format string");
            }

            string key = name[(at + 1)..close];
            value = Members.Item(value, BigInteger.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out BigInteger index) ? index : key);
            at = close + 1;
        }

        return value;
    }

    /// <summary>The values of a format, numbered by hand or automatically, never both.</summary>
    private sealed class Fields(IReadOnlyList<object?> positional, Func<string, object?> named)
    {
        private int _automatic;
        private bool _manual;

        public object? First(string name)
        {
            if (name.Length == 0)
            {
                return _manual
                    ? throw TemplateError.Runtime("cannot switch from manual field specification to automatic field numbering")
                    : At(_automatic++);
            }

            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                return named(name);
            }

            _manual = true;
            return _automatic > 0
                ? throw TemplateError.Runtime("cannot switch from automatic field numbering to manual field specification")
                : At(index);
        }

        private object? At(int index) => index < positional.Count
            ? positional[index]
            : throw TemplateError.Runtime($"Replacement index {index} out of range for positional args tuple");
    }
}
