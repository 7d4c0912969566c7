using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>Filters over collections.</summary>
internal static partial class Filters
{
    private static List<object?> Reversible(object? value) => value is PythonIterator
        ? throw TemplateError.Runtime("'generator' object is not reversible")
        : [.. Operators.Iterate(value)];

    /// <summary>Reads "a.b.0" from a value, step by step.</summary>
    private static Func<object?, object?> Attribute(object? attribute, object? otherwise = null)
    {
        if (attribute is null)
        {
            return value => value;
        }

        object?[] path = attribute is BigInteger ? [attribute] : [.. PythonText.Str(attribute).Split('.').Select(Key)];
        return value => path.Aggregate(value, (owner, key) =>
            Members.Item(owner, key) is var found && found is Undefined && otherwise is not null ? otherwise : found);

        static object? Key(string part) => part.Length > 0 && part.All(char.IsAsciiDigit) ? BigInteger.Parse(part, System.Globalization.CultureInfo.InvariantCulture) : part;
    }

    private static object? FoldCase(object? value) => value is string or Markup ? PythonText.Str(value).ToLowerInvariant() : value;

    private static Func<object?, object?> SortKey(object? attribute, bool caseSensitive)
    {
        Func<object?, object?> read = Attribute(attribute);
        return caseSensitive ? read : value => FoldCase(read(value));
    }

    /// <summary>
    /// A stable merge sort. The sorts of .NET wrap what a comparison throws, and fail on one that contradicts itself, as NaN does.
    /// </summary>
    private static List<T> Sorted<T>(IEnumerable<T> items, Func<T, object?> key, bool reverse = false)
    {
        (object? Key, T Item)[] from = [.. items.Select(item => (key(item), item))];
        var to = new (object? Key, T Item)[from.Length];
        for (int width = 1; width < from.Length; width *= 2)
        {
            for (int begin = 0; begin < from.Length; begin += 2 * width)
            {
                Merge(from, to, begin, Math.Min(begin + width, from.Length), Math.Min(begin + (2 * width), from.Length), reverse);
            }

            (from, to) = (to, from);
        }

        return [.. from.Select(entry => entry.Item)];
    }

    /// <summary>Merges the sorted ranges from begin to middle and from middle to end; of equals the left one comes first.</summary>
    private static void Merge<T>((object? Key, T Item)[] from, (object? Key, T Item)[] to, int begin, int middle, int end, bool reverse)
    {
        int left = begin;
        int right = middle;
        for (int i = begin; i < end; i++)
        {
            bool takeRight = left == middle || (right < end && IsBefore(from[right].Key, from[left].Key, reverse));
            to[i] = from[takeRight ? right++ : left++];
        }
    }

    private static bool IsBefore(object? one, object? other, bool reverse) =>
        (reverse ? Operators.Compare(other, one, "<") : Operators.Compare(one, other, "<")) < 0;

    private static string Join(Interpreter runtime, object? value, Arguments arguments)
    {
        string separator = arguments.TakeText("d", "")!;
        Func<object?, object?> read = Attribute(arguments.Take("attribute", null));
        return StringMethods.Join(separator, runtime.Items(value).Select(item => (object?)PythonText.Str(read(item))));
    }

    private static IEnumerable<object?> Map(Interpreter runtime, object? value, Arguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.ContainsKey("attribute"))
        {
            object? attribute = arguments.TryTake("attribute", out object? name) ? name : null;
            Func<object?, object?> read = Attribute(attribute, arguments.Take("default", null));
            return runtime.Items(value).Select(read);
        }

        string filter = arguments.TakeText("filter");
        IReadOnlyList<object?> positional = arguments.Rest();
        var named = arguments.Named.ToDictionary(pair => pair.Key, pair => arguments.Take(pair.Key));
        return Exists(filter)
            ? runtime.Items(value).Select(item => runtime.ApplyFilter(filter, item, positional, named))
            : throw TemplateError.Runtime($"No filter named '{filter}'.");
    }

    private static IEnumerable<object?> Select(Interpreter runtime, object? value, Arguments arguments, bool attribute, bool keep)
    {
        Func<object?, object?> read = attribute ? Attribute(arguments.Take("attribute")) : item => item;
        string? test = arguments.TakeText("test", null);
        IReadOnlyList<object?> rest = arguments.Rest();
        if (test is not null && !Tests.Exists(test))
        {
            throw TemplateError.Runtime($"No test named '{test}'.");
        }

        return runtime.Items(value).Where(item => keep == (test is null
            ? Operators.IsTrue(read(item))
            : Tests.Apply(test, read(item), new Arguments(test, rest, new Dictionary<string, object?>()))));
    }

    private static List<object?> Sort(Interpreter runtime, object? value, Arguments arguments)
    {
        bool reverse = arguments.TakeTruth("reverse");
        bool caseSensitive = arguments.TakeTruth("case_sensitive");
        object? attribute = arguments.Take("attribute", null);
        Func<object?, object?>[] keys = attribute is string names
            ? [.. names.Split(',').Select(name => SortKey(name, caseSensitive))]
            : [SortKey(attribute, caseSensitive)];
        return Sorted(runtime.Items(value), item => new PythonTuple([.. keys.Select(read => read(item))]), reverse);
    }

    private static PythonIterator Unique(Interpreter runtime, object? value, Arguments arguments)
    {
        bool caseSensitive = arguments.TakeTruth("case_sensitive");
        Func<object?, object?> key = SortKey(arguments.Take("attribute", null), caseSensitive);
        var seen = new PythonDictionary();
        return new PythonIterator(runtime.Items(value).Where(item =>
        {
            object? folded = key(item);
            bool fresh = !seen.Contains(folded);
            seen[folded] = null;
            return fresh;
        }));
    }

    private static List<object?> GroupBy(Interpreter runtime, object? value, Arguments arguments)
    {
        object? attribute = arguments.Take("attribute");
        object? otherwise = arguments.Take("default", null);
        bool caseSensitive = arguments.TakeTruth("case_sensitive");
        Func<object?, object?> read = Attribute(attribute, otherwise);
        Func<object?, object?> key = item => caseSensitive ? read(item) : FoldCase(read(item));
        var groups = new List<object?>();
        object? last = null;
        foreach (object? item in Sorted(runtime.Items(value), key))
        {
            if (groups.Count == 0 || !Operators.AreEqual(last, key(item)))
            {
                last = key(item);
                groups.Add(new Group(read(item), []));
            }

            ((Group)groups[^1]!).List.Add(item);
        }

        return groups;
    }

    private static List<object?> DictionarySort(object? value, Arguments arguments)
    {
        PythonDictionary dictionary = value as PythonDictionary ?? throw TemplateError.Runtime("dictsort needs a mapping");
        bool caseSensitive = arguments.TakeTruth("case_sensitive");
        string by = arguments.TakeText("by", "key")!;
        bool reverse = arguments.TakeTruth("reverse");
        if (by is not ("key" or "value"))
        {
            throw TemplateError.Runtime("You can only sort by either \"key\" or \"value\"");
        }

        Func<KeyValuePair<object?, object?>, object?> key = entry =>
        {
            object? part = by == "key" ? entry.Key : entry.Value;
            return caseSensitive ? part : FoldCase(part);
        };
        return [.. Sorted(dictionary, key, reverse).Select(entry => new PythonTuple([entry.Key, entry.Value]))];
    }

    private static PythonIterator Pairs(object? value) => value switch
    {
        Undefined { Kind: ChatTemplateErrorKind.Undefined } => new PythonIterator([]),
        PythonDictionary dictionary => new PythonIterator(dictionary.Select(entry => new PythonTuple([entry.Key, entry.Value]))),
        _ => throw TemplateError.Runtime("Can only get item pairs from a mapping."),
    };

    private static object? Sum(Interpreter runtime, object? value, Arguments arguments)
    {
        Func<object?, object?> read = Attribute(arguments.Take("attribute", null));
        return runtime.Items(value).Aggregate(arguments.Take("start", BigInteger.Zero), (sum, item) => Operators.Binary("+", sum, read(item)));
    }

    private static object? Extreme(Interpreter runtime, object? value, Arguments arguments, int sign)
    {
        bool caseSensitive = arguments.TakeTruth("case_sensitive");
        Func<object?, object?> key = SortKey(arguments.Take("attribute", null), caseSensitive);
        bool any = false;
        object? best = null;
        foreach (object? item in runtime.Items(value))
        {
            if (!any || (Operators.Compare(key(item), key(best), sign < 0 ? "<" : ">") ?? 0) * sign > 0)
            {
                best = item;
            }

            any = true;
        }

        return any ? best : new Undefined(ChatTemplateErrorKind.Undefined, "No aggregated item, sequence was empty.");
    }

    private static IEnumerable<object?> Batch(Interpreter runtime, object? value, int size, object? fill)
    {
        if (size < 1)
        {
            throw TemplateError.Runtime("batch: the line count must be at least 1");
        }

        List<object?> batch = [];
        foreach (object? item in runtime.Items(value))
        {
            if (batch.Count == size)
            {
                yield return batch;
                batch = [];
            }

            batch.Add(item);
        }

        if (batch.Count == 0)
        {
            yield break;
        }

        Limits.CheckLength(size);
        while (fill is not null && batch.Count < size)
        {
            batch.Add(fill);
        }

        yield return batch;
    }

    private static IEnumerable<object?> Slice(Interpreter runtime, object? value, int slices, object? fill)
    {
        if (slices < 1)
        {
            throw TemplateError.Runtime("slice: the number of slices must be at least 1");
        }

        Limits.CheckLength(slices);
        List<object?> items = [.. runtime.Items(value)];
        int size = items.Count / slices;
        int longer = items.Count % slices;
        int from = 0;
        for (int i = 0; i < slices; i++)
        {
            int count = size + (i < longer ? 1 : 0);
            List<object?> slice = items.GetRange(from, count);
            from += count;
            if (fill is not null && i >= longer)
            {
                slice.Add(fill);
            }

            yield return slice;
        }
    }
}
