namespace Proximal.ChatTemplates.Jinja;

/// <summary>What a call was given; a function takes what it knows and <see cref="End"/> refuses the rest.</summary>
internal sealed class Arguments(string function, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
{
    private readonly HashSet<string> _taken = [];
    private int _next;

    public static Arguments None { get; } = new("", [], new Dictionary<string, object?>());

    public string Function => function;

    public IReadOnlyList<object?> Positional => positional;

    public IReadOnlyDictionary<string, object?> Named => named;

    /// <summary>The next positional argument or the one of this name; false when neither is given.</summary>
    public bool TryTake(string name, out object? value)
    {
        if (_next < positional.Count)
        {
            value = positional[_next++];
            return named.ContainsKey(name)
                ? throw TemplateError.Runtime($"{function}() got multiple values for argument '{name}'")
                : true;
        }

        _taken.Add(name);
        return named.TryGetValue(name, out value);
    }

    public object? Take(string name) => TryTake(name, out object? value)
        ? value
        : throw TemplateError.Runtime($"{function}() missing 1 required positional argument: '{name}'");

    public object? Take(string name, object? otherwise) => TryTake(name, out object? value) ? value : otherwise;

    public string TakeText(string name) => AsText(Take(name), name);

    public string? TakeText(string name, string? otherwise) =>
        TryTake(name, out object? value) && value is not null ? AsText(value, name) : otherwise;

    public int TakeIndex(string name) => Operators.ToIndex(Take(name));

    public int TakeIndex(string name, int otherwise) => TryTake(name, out object? value) ? Operators.ToIndex(value) : otherwise;

    public bool TakeTruth(string name, bool otherwise = false) =>
        TryTake(name, out object? value) ? Operators.IsTrue(value) : otherwise;

    /// <summary>The positional arguments that are left.</summary>
    public IReadOnlyList<object?> Rest()
    {
        object?[] rest = [.. positional.Skip(_next)];
        _next = positional.Count;
        return rest;
    }

    /// <summary>Refuses what nobody took.</summary>
    public void End()
    {
        if (_next < positional.Count)
        {
            throw TemplateError.Runtime(_next == 0
                ? $"{function}() takes no arguments ({positional.Count} given)"
                : $"{function}() takes at most {_next} arguments ({positional.Count} given)");
        }

        string? stray = named.Keys.FirstOrDefault(name => !_taken.Contains(name));
        if (stray is not null)
        {
            throw TemplateError.Runtime($"{function}() got an unexpected keyword argument '{stray}'");
        }
    }

    private string AsText(object? value, string name) => value switch
    {
        string text => text,
        Markup markup => markup.Text,
        Undefined undefined => throw undefined.Error(),
        _ => throw TemplateError.Runtime($"{function}() argument '{name}' must be str, not {PythonText.TypeName(value)}"),
    };
}
