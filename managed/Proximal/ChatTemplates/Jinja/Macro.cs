namespace Proximal.ChatTemplates.Jinja;

/// <summary>A macro, or the body of a call block as caller().</summary>
internal sealed class Macro(string name, Signature signature, Func<IReadOnlyDictionary<string, object?>, string> body) : ICallable, IAttributes
{
    public object? Call(Arguments arguments)
    {
        var values = new Dictionary<string, object?>();
        IReadOnlyList<object?> given = arguments.Positional;
        for (int i = 0; i < signature.Parameters.Count; i++)
        {
            string parameter = signature.Parameters[i].Name;
            if (i < given.Count)
            {
                values[parameter] = arguments.Named.ContainsKey(parameter)
                    ? throw TemplateError.Runtime($"macro {PythonText.Repr(name)} got multiple values for argument '{parameter}'")
                    : given[i];
            }
            else if (arguments.Named.TryGetValue(parameter, out object? value))
            {
                values[parameter] = value;
            }
        }

        TakeExtra(arguments, values);
        return body(values);
    }

    public bool TryGet(string attribute, out object? value)
    {
        value = attribute switch
        {
            "name" => name,
            "arguments" => new PythonTuple([.. signature.Parameters.Select(parameter => parameter.Name)]),
            "catch_varargs" => signature.TakesRest,
            "catch_kwargs" => signature.TakesNamedRest,
            "caller" => signature.UsesCaller,
            _ => null,
        };
        return value is not null;
    }

    private void TakeExtra(Arguments arguments, Dictionary<string, object?> values)
    {
        int known = signature.Parameters.Count;
        var extra = arguments.Named.Where(pair => signature.Parameters.All(parameter => parameter.Name != pair.Key)).ToDictionary();
        if (signature.UsesCaller)
        {
            values["caller"] = extra.Remove("caller", out object? caller) ? caller : new Undefined(ChatTemplateErrorKind.Undefined, "No caller defined");
        }

        if (signature.TakesNamedRest)
        {
            var rest = new PythonDictionary();
            foreach ((string key, object? value) in extra)
            {
                rest[key] = value;
            }

            values["kwargs"] = rest;
        }
        else if (extra.Count > 0)
        {
            throw TemplateError.Runtime($"macro {PythonText.Repr(name)} takes no keyword argument {PythonText.Repr(extra.Keys.First())}");
        }

        if (signature.TakesRest)
        {
            values["varargs"] = new PythonTuple([.. arguments.Positional.Skip(known)]);
        }
        else if (arguments.Positional.Count > known)
        {
            throw TemplateError.Runtime($"macro {PythonText.Repr(name)} takes not more than {known} argument(s)");
        }
    }
}
