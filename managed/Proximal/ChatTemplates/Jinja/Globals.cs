using System.Globalization;
using System.Numerics;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>The functions that chat templates find defined.</summary>
internal static class Globals
{
    private const int LargestRange = 100_000;

    public static void Define(Scope scope, DateTimeOffset now)
    {
        // Blocks by name; a chat template has no parent whose blocks it could ask for.
        scope["self"] = new Namespace();
        DefineFunction(scope, "range", Range);
        DefineFunction(scope, "dict", Dictionary);
        DefineFunction(scope, "namespace", MakeNamespace);
        DefineFunction(scope, "cycler", arguments => new Cycler(arguments.Rest()));
        DefineFunction(scope, "joiner", MakeJoiner);
        DefineFunction(scope, "lipsum", _ => throw TemplateError.Runtime("lipsum() is not supported: it is random text"));
        DefineFunction(scope, "raise_exception", arguments =>
            throw new TemplateError(ChatTemplateErrorKind.Raised, PythonText.Str(arguments.Take("message"))));
        DefineFunction(scope, "strftime_now", arguments => FormatTime(arguments.TakeText("format"), now));
    }

    private static void DefineFunction(Scope scope, string name, Func<Arguments, object?> body) => scope[name] = new Function(name, body);

    private static PythonRange Range(Arguments arguments)
    {
        BigInteger[] numbers = [.. arguments.Rest().Select(value => Operators.AsNumber(value) is BigInteger number
            ? number
            : throw TemplateError.Runtime($"'{PythonText.TypeName(value)}' object cannot be interpreted as an integer"))];
        arguments.End();
        if (numbers.Length is 0 or > 3)
        {
            throw TemplateError.Runtime($"range expected 1 to 3 arguments, got {numbers.Length}");
        }

        BigInteger start = numbers.Length > 1 ? numbers[0] : 0;
        BigInteger stop = numbers.Length > 1 ? numbers[1] : numbers[0];
        BigInteger step = numbers.Length > 2 ? numbers[2] : 1;
        if (step.IsZero)
        {
            throw TemplateError.Runtime("range() arg 3 must not be zero");
        }

        return (step.Sign > 0 ? stop - start : start - stop) / BigInteger.Abs(step) >= LargestRange
               && (step.Sign > 0 ? stop - start : start - stop) > LargestRange * BigInteger.Abs(step)
            ? throw TemplateError.Runtime($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({LargestRange}).")
            : new PythonRange(start, stop, step);
    }

    private static PythonDictionary Dictionary(Arguments arguments)
    {
        var dictionary = new PythonDictionary();
        if (arguments.Positional.Count > 0)
        {
            Merge(dictionary, arguments.Positional[0]);
        }

        foreach ((string key, object? value) in arguments.Named)
        {
            dictionary[key] = value;
        }

        return dictionary;
    }

    private static void Merge(PythonDictionary into, object? source)
    {
        if (source is PythonDictionary other)
        {
            foreach ((object? key, object? value) in other)
            {
                into[key] = value;
            }

            return;
        }

        foreach (object? item in Operators.Iterate(source))
        {
            object?[] pair = [.. Operators.Iterate(item)];
            into[pair.Length == 2 ? pair[0] : throw TemplateError.Runtime("dictionary update sequence element has the wrong length; 2 is required")] = pair[1];
        }
    }

    private static Namespace MakeNamespace(Arguments arguments)
    {
        var space = new Namespace();
        foreach ((object? key, object? value) in Dictionary(arguments))
        {
            space.Attributes[key as string ?? throw TemplateError.Runtime("namespace() keys must be strings")] = value;
        }

        return space;
    }

    private static Function MakeJoiner(Arguments arguments)
    {
        string separator = arguments.TakeText("sep", ", ")!;
        arguments.End();
        bool used = false;
        return new Function("joiner", _ =>
        {
            string text = used ? separator : string.Empty;
            used = true;
            return text;
        });
    }

    private static string FormatTime(string format, DateTimeOffset now)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            bool plain = format[i + 1] == '-' && i + 2 < format.Length;
            i += plain ? 2 : 1;
            string part = Directive(format[i], now);
            text.Append(plain && part.Length > 1 ? part.TrimStart('0', ' ').PadLeft(1, '0') : part);
        }

        return text.ToString();
    }

    private static string Directive(char directive, DateTimeOffset now)
    {
        string Formatted(string format) => now.ToString(format, CultureInfo.InvariantCulture);
        return directive switch
        {
            'Y' => Formatted("yyyy"),
            'y' => Formatted("yy"),
            'm' => Formatted("MM"),
            'd' => Formatted("dd"),
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'H' => Formatted("HH"),
            'I' => Formatted("hh"),
            'M' => Formatted("mm"),
            'S' => Formatted("ss"),
            'f' => Formatted("ffffff"),
            'p' => Formatted("tt"),
            'A' => Formatted("dddd"),
            'a' => Formatted("ddd"),
            'B' => Formatted("MMMM"),
            'b' or 'h' => Formatted("MMM"),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'w' => ((int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'u' => (((int)now.DayOfWeek + 6) % 7 + 1).ToString(CultureInfo.InvariantCulture),
            'F' => Formatted("yyyy-MM-dd"),
            'T' or 'X' => Formatted("HH:mm:ss"),
            'R' => Formatted("HH:mm"),
            'D' or 'x' => Formatted("MM/dd/yy"),
            'c' => Formatted("ddd MMM ") + now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2) + Formatted(" HH:mm:ss yyyy"),
            'Z' or 'z' => string.Empty,
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => throw TemplateError.Runtime($"strftime_now: the directive %{directive} is not supported"),
        };
    }

    private sealed class Cycler(IReadOnlyList<object?> items) : IAttributes
    {
        private int _at;

        public bool TryGet(string name, out object? value)
        {
            value = name switch
            {
                "current" => items.Count == 0 ? null : items[_at],
                "next" => new Function(name, _ => Next()),
                "reset" => new Function(name, _ => { _at = 0; return null; }),
                _ => null,
            };
            return name is "current" or "next" or "reset";
        }

        private object? Next()
        {
            if (items.Count == 0)
            {
                throw TemplateError.Runtime("at least one item has to be provided");
            }

            object? item = items[_at];
            _at = (_at + 1) % items.Count;
            return item;
        }
    }
}
