using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>The variable loop. Items are fetched one by one; only what asks for what comes later looks ahead.</summary>
internal sealed class LoopContext(IEnumerable<object?> items, int depth, Func<object?, int, string>? recurse) : IAttributes, ICallable
{
    private readonly IEnumerator<object?> _source = items.GetEnumerator();
    private readonly Queue<object?> _ahead = [];
    private int _index = -1;
    private object? _previous = new Undefined(ChatTemplateErrorKind.Undefined, "there is no previous item");
    private object? _current = new Undefined(ChatTemplateErrorKind.Undefined, "there is no previous item");
    private List<object?>? _changed;

    public bool MoveNext(out object? item)
    {
        if (!Fill(1))
        {
            item = null;
            return false;
        }

        item = _ahead.Dequeue();
        _previous = _current;
        _current = item;
        _index++;
        return true;
    }

    public IEnumerable<object?> Rest()
    {
        while (MoveNext(out object? item))
        {
            yield return item;
        }
    }

    /// <summary>loop(items) of a recursive loop.</summary>
    public object? Call(Arguments arguments)
    {
        if (recurse is null)
        {
            throw TemplateError.Runtime("The loop must have the 'recursive' marker to be called recursively.");
        }

        object? inner = arguments.Take("iterable");
        arguments.End();
        return recurse(inner, depth + 1);
    }

    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "index" => (BigInteger)(_index + 1),
            "index0" => (BigInteger)_index,
            "first" => _index == 0,
            "last" => !Fill(1),
            "length" => (BigInteger)Length(),
            "revindex" => (BigInteger)(Length() - _index),
            "revindex0" => (BigInteger)(Length() - _index - 1),
            "depth" => (BigInteger)depth,
            "depth0" => (BigInteger)(depth - 1),
            "previtem" => _index == 0 ? Undefined.Name("there is no previous item") : _previous,
            "nextitem" => Fill(1) ? _ahead.Peek() : Undefined.Name("there is no next item"),
            "cycle" => new Function("cycle", Cycle),
            "changed" => new Function("changed", arguments => Changed(arguments)),
            _ => null,
        };
        return value is not null || name is "previtem" or "nextitem";
    }

    private bool Fill(int count)
    {
        while (_ahead.Count < count && _source.MoveNext())
        {
            _ahead.Enqueue(_source.Current);
        }

        return _ahead.Count >= count;
    }

    private int Length()
    {
        Fill(int.MaxValue);
        return _index + 1 + _ahead.Count;
    }

    private object? Cycle(Arguments arguments)
    {
        IReadOnlyList<object?> values = arguments.Rest();
        return values.Count == 0 ? throw TemplateError.Runtime("no items for cycling given") : values[_index % values.Count];
    }

    private bool Changed(Arguments arguments)
    {
        List<object?> values = [.. arguments.Rest()];
        bool changed = _changed is null || !Operators.AreEqual(_changed, values);
        _changed = values;
        return changed;
    }
}
