using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

// How Python's values stand here: None null, bool, int BigInteger, float double, str string; the rest below.

/// <summary>A tuple.</summary>
internal sealed record PythonTuple(IReadOnlyList<object?> Items);

/// <summary>The bytes of str.encode.</summary>
internal sealed record PythonBytes(byte[] Bytes);

/// <summary>Text that autoescape leaves alone.</summary>
internal sealed record Markup(string Text);

/// <summary>A generator: can be gone through once.</summary>
internal sealed class PythonIterator(IEnumerable<object?> items) : IDisposable
{
    private readonly IEnumerator<object?> _items = items.GetEnumerator();

    public IEnumerable<object?> Rest()
    {
        while (_items.MoveNext())
        {
            yield return _items.Current;
        }
    }

    public void Dispose() => _items.Dispose();
}

/// <summary>dict.keys(), values() or items().</summary>
internal sealed record DictionaryView(string Name, PythonDictionary Source, Func<KeyValuePair<object?, object?>, object?> Select)
{
    public IEnumerable<object?> Items => Source.Select(Select);
}

/// <summary>range(start, stop, step).</summary>
internal sealed record PythonRange(BigInteger Start, BigInteger Stop, BigInteger Step)
{
    public int Count { get; } = (int)BigInteger.Max(
        0, Step.Sign > 0 ? (Stop - Start + Step - 1) / Step : (Start - Stop - Step - 1) / -Step);

    public IEnumerable<object?> Items => Enumerable.Range(0, Count).Select(i => (object?)(Start + (Step * i)));
}

/// <summary>namespace(): the one thing whose attributes a template may set.</summary>
internal sealed class Namespace
{
    public Dictionary<string, object?> Attributes { get; } = [];
}

/// <summary>An object with named attributes, such as loop or a group of groupby.</summary>
internal interface IAttributes
{
    /// <summary>The attribute's value; false when there is none of this name.</summary>
    bool TryGet(string name, out object? value);
}

/// <summary>Something a template can call.</summary>
internal interface ICallable
{
    object? Call(Arguments arguments);
}

/// <summary>A function of the environment or a method bound to its object.</summary>
internal sealed record Function(string Name, Func<Arguments, object?> Body) : ICallable
{
    public object? Call(Arguments arguments) => Body(arguments);
}

/// <summary>A value that is not there. Printing gives nothing; most other uses fail with its message.</summary>
internal sealed record Undefined(ChatTemplateErrorKind Kind, string Message)
{
    public static Undefined Name(string name) => new(ChatTemplateErrorKind.Undefined, $"{PythonText.Repr(name)} is undefined");

    public static Undefined Member(object? owner, object? name) => new(
        ChatTemplateErrorKind.Undefined,
        name is string
            ? $"{PythonText.Repr(PythonText.TypeForMembers(owner))} has no attribute {PythonText.Repr(name)}"
            : $"{PythonText.TypeForMembers(owner)} has no element {PythonText.Repr(name)}");

    public static Undefined Unsafe(object? owner, string name) => new(
        ChatTemplateErrorKind.Security,
        $"access to attribute {PythonText.Repr(name)} of {PythonText.Repr(PythonText.TypeName(owner))} object is unsafe.");

    public TemplateError Error() => new(Kind, Message);
}

/// <summary>One group of groupby: a pair that also has names.</summary>
internal sealed record Group(object? Grouper, List<object?> List) : IAttributes
{
    public PythonTuple AsTuple() => new([Grouper, List]);

    public bool TryGet(string name, out object? value)
    {
        value = name switch { "grouper" => Grouper, "list" => List, _ => null };
        return name is "grouper" or "list";
    }
}
