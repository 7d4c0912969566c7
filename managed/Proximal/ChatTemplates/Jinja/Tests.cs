using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>The tests of `value is name`.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Func<object?, Arguments, bool>> All = new()
    {
        ["defined"] = (v, _) => v is not Undefined,
        ["undefined"] = (v, _) => v is Undefined,
        ["none"] = (v, _) => v is null,
        ["boolean"] = (v, _) => v is bool,
        ["true"] = (v, _) => v is true,
        ["false"] = (v, _) => v is false,
        ["integer"] = (v, _) => v is BigInteger,
        ["float"] = (v, _) => v is double,
        ["number"] = (v, _) => v is bool or BigInteger or double,
        ["string"] = (v, _) => v is string or Markup,
        ["mapping"] = (v, _) => v is PythonDictionary,
        ["iterable"] = (v, _) => Operators.TryIterate(v) is not null,
        ["sequence"] = (v, _) => v is string or Markup or List<object?> or PythonTuple or PythonDictionary or PythonRange or Group or PythonBytes or Undefined,
        ["callable"] = (v, _) => v is ICallable,
        ["escaped"] = (v, _) => v is Markup,
        ["odd"] = (v, _) => !Modulo(v, 2).IsZero,
        ["even"] = (v, _) => Modulo(v, 2).IsZero,
        ["divisibleby"] = (v, a) => Operators.AsNumber(Operators.Binary("%", v, a.Take("num"))) is var rest && !Operators.IsTrue(rest),
        ["upper"] = (v, _) => PythonText.Str(v) is var s && s.Any(char.IsUpper) && !s.Any(char.IsLower),
        ["lower"] = (v, _) => PythonText.Str(v) is var s && s.Any(char.IsLower) && !s.Any(char.IsUpper),
        ["sameas"] = (v, a) => Same(v, a.Take("other")),
        ["in"] = (v, a) => Operators.Contains(a.Take("seq"), v),
        ["filter"] = (v, _) => v is string name && Filters.Exists(name),
        ["test"] = (v, _) => v is string name && Exists(name),
        ["=="] = Compared("=="),
        ["eq"] = Compared("=="),
        ["equalto"] = Compared("=="),
        ["!="] = Compared("!="),
        ["ne"] = Compared("!="),
        ["<"] = Compared("<"),
        ["lt"] = Compared("<"),
        ["lessthan"] = Compared("<"),
        ["<="] = Compared("<="),
        ["le"] = Compared("<="),
        [">"] = Compared(">"),
        ["gt"] = Compared(">"),
        ["greaterthan"] = Compared(">"),
        [">="] = Compared(">="),
        ["ge"] = Compared(">="),
    };

    public static IEnumerable<string> Names => All.Keys;

    public static bool Exists(string name) => All.ContainsKey(name);

    public static bool Apply(string name, object? value, Arguments arguments)
    {
        if (!All.TryGetValue(name, out Func<object?, Arguments, bool>? test))
        {
            throw TemplateError.Runtime($"No test named '{name}'.");
        }

        Work.SpendOn(value);
        bool result = test(value, arguments);
        arguments.End();
        return result;
    }

    private static Func<object?, Arguments, bool> Compared(string symbol) => (v, a) => Interpreter.Holds(symbol, v, a.Take("other"));

    private static BigInteger Modulo(object? value, int divisor) => Operators.Binary("%", value, (BigInteger)divisor) switch
    {
        BigInteger whole => whole,
        double real => real == 0 ? 0 : 1,
        _ => throw TemplateError.Runtime("not all arguments converted during string formatting"),
    };

    /// <summary>Python's `is`: small values are the same object wherever they stand.</summary>
    private static bool Same(object? left, object? right) => left?.GetType() == right?.GetType() && left switch
    {
        null or bool or BigInteger or string or double => Equals(left, right),
        _ => ReferenceEquals(left, right),
    };
}
