using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>Attributes, items and slices, behind the sandbox: nothing that begins with an underscore, nothing that changes a value.</summary>
internal static class Members
{
    private static readonly HashSet<string> ListChanges = ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"];
    private static readonly HashSet<string> DictionaryChanges = ["clear", "pop", "popitem", "setdefault", "update"];

    /// <summary>owner.name: the attribute, else the item.</summary>
    public static object? Attribute(object? owner, string name)
    {
        if (owner is Undefined undefined)
        {
            throw undefined.Error();
        }

        return TryAttribute(owner, name, out object? value) || TryItem(owner, name, out value) ? value : Undefined.Member(owner, name);
    }

    /// <summary>owner[key]: the item, else for a string the attribute.</summary>
    public static object? Item(object? owner, object? key)
    {
        if (owner is Undefined undefined)
        {
            throw undefined.Error();
        }

        if (TryItem(owner, key, out object? value) || (key is string name && TryAttribute(owner, name, out value)))
        {
            return value;
        }

        return Undefined.Member(owner, key);
    }

    /// <summary>The attribute alone, as the attr filter and str.format see it.</summary>
    public static bool TryAttribute(object? owner, string name, out object? value)
    {
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) && name.Length > 4)
        {
            value = Undefined.Unsafe(owner, name);
            return true;
        }

        value = owner switch
        {
            string text => StringMethods.Bind(text, name),
            Markup markup => StringMethods.Bind(markup.Text, name),
            List<object?> list => ListChanges.Contains(name) ? Undefined.Unsafe(owner, name) : SequenceMethod(list, name, isList: true),
            PythonTuple tuple => SequenceMethod(tuple.Items, name, isList: false),
            PythonDictionary dictionary =>
                DictionaryChanges.Contains(name) ? Undefined.Unsafe(owner, name) : DictionaryMethod(dictionary, name),
            _ => null,
        };
        return value is not null || (owner is IAttributes attributes && attributes.TryGet(name, out value))
            || (owner is Namespace space && space.Attributes.TryGetValue(name, out value));
    }

    public static object? Slice(object? owner, object? start, object? stop, object? step)
    {
        if (owner is Undefined undefined)
        {
            throw undefined.Error();
        }

        switch (owner)
        {
            case string or Markup:
                return SliceText(PythonText.Str(owner), start, stop, step);
            case List<object?> list:
                return Take(list, start, stop, step);
            case PythonTuple tuple:
                return new PythonTuple(Take(tuple.Items, start, stop, step));
            case PythonRange range:
                return Take([.. Operators.Iterate(range)], start, stop, step);
            default:
                return new Undefined(ChatTemplateErrorKind.Undefined, $"{PythonText.TypeForMembers(owner)} has no slices");
        }
    }

    private static string SliceText(string text, object? start, object? stop, object? step)
    {
        Work.Spend(text.Length);
        (int from, int to, int by) = Bounds(CodePoints.Count(text), start, stop, step);
        return by == 1 ? CodePoints.Slice(text, from, Math.Max(from, to)) : string.Concat(Take(CodePoints.Split(text), start, stop, step));
    }

    private static List<T> Take<T>(IReadOnlyList<T> items, object? start, object? stop, object? step)
    {
        (int from, int to, int by) = Bounds(items.Count, start, stop, step);
        var taken = new List<T>();
        for (long i = from; by > 0 ? i < to : i > to; i += by)
        {
            taken.Add(items[(int)i]);
        }

        Work.Spend(taken.Count);
        return taken;
    }

    private static (int From, int To, int By) Bounds(int length, object? start, object? stop, object? step)
    {
        int by = step is null ? 1 : Operators.ToIndex(step);
        if (by == 0)
        {
            throw TemplateError.Runtime("slice step cannot be zero");
        }

        return (Bound(start, by > 0 ? 0 : length - 1), Bound(stop, by > 0 ? length : -1), by);

        int Bound(object? value, int otherwise)
        {
            if (value is null)
            {
                return otherwise;
            }

            long index = Operators.ToIndex(value);
            index = index < 0 ? index + length : index;
            return (int)Math.Clamp(index, by > 0 ? 0 : -1, by > 0 ? length : length - 1);
        }
    }

    private static bool TryItem(object? owner, object? key, out object? value)
    {
        value = null;
        switch (owner)
        {
            case PythonDictionary dictionary:
                return key is not (List<object?> or PythonDictionary) && dictionary.TryGet(key, out value);
            case string or Markup:
                return TryAt(PythonText.Str(owner), key, out value);
            case List<object?> list:
                return TryAt(list, key, out value);
            case PythonTuple tuple:
                return TryAt(tuple.Items, key, out value);
            case Group group:
                return TryAt(group.AsTuple().Items, key, out value);
            case PythonRange range:
                value = TryIndex(key, range.Count, out int at) ? range.Start + (range.Step * at) : null;
                return value is not null;
            default:
                return false;
        }
    }

    private static bool TryAt(IReadOnlyList<object?> items, object? key, out object? value)
    {
        bool found = TryIndex(key, items.Count, out int index);
        value = found ? items[index] : null;
        return found;
    }

    private static bool TryAt(string text, object? key, out object? value)
    {
        Work.Spend(text.Length);
        bool found = TryIndex(key, CodePoints.Count(text), out int index);
        value = found ? CodePoints.Slice(text, index, index + 1) : null;
        return found;
    }

    private static bool TryIndex(object? key, int count, out int index)
    {
        index = 0;
        if (Operators.AsNumber(key) is not BigInteger number)
        {
            return false;
        }

        BigInteger place = number.Sign < 0 ? number + count : number;
        bool inside = place.Sign >= 0 && place < count;
        index = inside ? (int)place : 0;
        return inside;
    }

    private static Function? SequenceMethod(IReadOnlyList<object?> items, string name, bool isList) => name switch
    {
        "count" => Method(name, a => a.Take("value") is var wanted ? (BigInteger)items.Count(item => Operators.AreEqual(item, wanted)) : 0),
        "index" => Method(name, a => Index(items, a.Take("value"))),
        "copy" when isList => Method(name, _ => items.ToList()),
        _ => null,
    };

    private static BigInteger Index(IReadOnlyList<object?> items, object? wanted)
    {
        for (int i = 0; i < items.Count; i++)
        {
            if (Operators.AreEqual(items[i], wanted))
            {
                return i;
            }
        }

        throw TemplateError.Runtime($"{PythonText.Repr(wanted)} is not in list");
    }

    private static Function? DictionaryMethod(PythonDictionary dictionary, string name) => name switch
    {
        "get" => Method(name, a => dictionary.TryGet(a.Take("key"), out object? value) ? Ignore(a, value) : a.Take("default", null)),
        "items" => Method(name, _ => new DictionaryView("dict_items", dictionary, entry => new PythonTuple([entry.Key, entry.Value]))),
        "keys" => Method(name, _ => new DictionaryView("dict_keys", dictionary, entry => entry.Key)),
        "values" => Method(name, _ => new DictionaryView("dict_values", dictionary, entry => entry.Value)),
        "copy" => Method(name, _ => Copy(dictionary)),
        _ => null,
    };

    private static object? Ignore(Arguments arguments, object? value)
    {
        arguments.Take("default", null);
        return value;
    }

    private static PythonDictionary Copy(PythonDictionary source)
    {
        var copy = new PythonDictionary();
        foreach ((object? key, object? value) in source)
        {
            copy[key] = value;
        }

        return copy;
    }

    private static Function Method(string name, Func<Arguments, object?> body) => new(name, arguments =>
    {
        object? result = body(arguments);
        arguments.End();
        return result;
    });
}
