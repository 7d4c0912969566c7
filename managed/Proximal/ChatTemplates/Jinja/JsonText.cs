using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>json.dumps as chat templates have it: nothing is escaped for HTML, all of Unicode stays.</summary>
internal sealed class JsonText(bool ascii, string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    private readonly StringBuilder _text = new();

    public string Write(object? value)
    {
        Append(value, 0);
        return _text.ToString();
    }

    private void Append(object? value, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Limits.CheckLength(_text.Length);
        switch (value)
        {
            case null: _text.Append("null"); break;
            case bool truth: _text.Append(truth ? "true" : "false"); break;
            case BigInteger number: _text.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case double number: _text.Append(Number(number)); break;
            case string or Markup: AppendText(PythonText.Str(value)); break;
            case List<object?> list: AppendItems(list, depth); break;
            case PythonTuple tuple: AppendItems(tuple.Items, depth); break;
            case Group group: AppendItems(group.AsTuple().Items, depth); break;
            case PythonDictionary dictionary: AppendDictionary(dictionary, depth); break;
            default: throw TemplateError.Runtime($"Object of type {PythonText.TypeName(value)} is not JSON serializable");
        }
    }

    private static string Number(double number) => double.IsNaN(number) ? "NaN"
        : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity")
        : PythonText.FloatRepr(number);

    private void AppendItems(IReadOnlyList<object?> items, int depth)
    {
        if (items.Count == 0)
        {
            _text.Append("[]");
            return;
        }

        _text.Append('[');
        for (int i = 0; i < items.Count; i++)
        {
            Separate(i, depth + 1);
            Append(items[i], depth + 1);
        }

        NewLine(depth);
        _text.Append(']');
    }

    private void AppendDictionary(PythonDictionary dictionary, int depth)
    {
        if (dictionary.Count == 0)
        {
            _text.Append("{}");
            return;
        }

        _text.Append('{');
        IEnumerable<KeyValuePair<object?, object?>> entries = sortKeys
            ? dictionary.OrderBy(entry => entry.Key, Comparer<object?>.Create((a, b) => Operators.Compare(a, b, "<") ?? 0))
            : dictionary;
        int index = 0;
        foreach ((object? key, object? value) in entries)
        {
            Separate(index++, depth + 1);
            AppendText(KeyText(key));
            _text.Append(keySeparator);
            Append(value, depth + 1);
        }

        NewLine(depth);
        _text.Append('}');
    }

    private static string KeyText(object? key) => key switch
    {
        string text => text,
        Markup markup => markup.Text,
        null => "null",
        bool truth => truth ? "true" : "false",
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        double number => Number(number),
        _ => throw TemplateError.Runtime($"keys must be str, int, float, bool or None, not {PythonText.TypeName(key)}"),
    };

    private void Separate(int index, int depth)
    {
        if (index > 0)
        {
            _text.Append(itemSeparator);
        }

        NewLine(depth);
    }

    private void NewLine(int depth)
    {
        if (indent is null)
        {
            return;
        }

        Limits.CheckLength(_text.Length + ((long)indent.Length * depth));
        _text.Append('\n');
        for (int i = 0; i < depth; i++)
        {
            _text.Append(indent);
        }
    }

    private void AppendText(string text)
    {
        _text.Append('"');
        foreach (char c in text)
        {
            switch (c)
            {
                case '"': _text.Append("\\\""); break;
                case '\\': _text.Append("\\\\"); break;
                case '\n': _text.Append("\\n"); break;
                case '\r': _text.Append("\\r"); break;
                case '\t': _text.Append("\\t"); break;
                case '\b': _text.Append("\\b"); break;
                case '\f': _text.Append("\\f"); break;
                case < ' ': _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"); break;
                case > '~' when ascii: _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"); break;
                default: _text.Append(c); break;
            }
        }

        _text.Append('"');
    }
}
