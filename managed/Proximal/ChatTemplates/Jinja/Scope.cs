namespace Proximal.ChatTemplates.Jinja;

/// <summary>Names of a part of a template; what it does not hold is looked for outside.</summary>
internal sealed class Scope(Scope? outside)
{
    private readonly Dictionary<string, object?> _values = [];

    public object? this[string name]
    {
        get
        {
            for (Scope? scope = this; scope is not null; scope = scope.Outside)
            {
                if (scope._values.TryGetValue(name, out object? value))
                {
                    return value;
                }
            }

            return Undefined.Name(name);
        }
        set => _values[name] = value;
    }

    private Scope? Outside => outside;
}
