using System.Runtime.CompilerServices;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>Evaluates expressions.</summary>
internal sealed partial class Interpreter
{
    /// <summary>Applies a filter to a value that templates and filters like map hand over.</summary>
    internal object? ApplyFilter(string name, object? value, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
    {
        Work.SpendOn(value);
        return Counted(Filters.Apply(this, name, value, new Arguments(name, positional, named)));
    }

    /// <summary>Gives back the items one by one, each a step.</summary>
    internal IEnumerable<object?> Items(object? value)
    {
        foreach (object? item in Operators.Iterate(value))
        {
            Step();
            yield return item;
        }
    }

    private object? Evaluate(Expression expression, Scope scope)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Step();
        switch (expression)
        {
            case Constant constant:
                return constant.Value;
            case Name name:
                return scope[name.Identifier];
            case AttributeOf attribute:
                return Members.Attribute(Evaluate(attribute.Owner, scope), attribute.Attribute);
            case ItemOf item:
                return Members.Item(Evaluate(item.Owner, scope), Evaluate(item.Key, scope));
            case SliceOf slice:
                return Counted(Members.Slice(
                    Evaluate(slice.Owner, scope), Optional(slice.Start, scope), Optional(slice.Stop, scope), Optional(slice.Step, scope)));
            case Call call:
                return EvaluateCall(call, scope);
            case Filtered filtered:
                return ApplyFilters(filtered, filtered.Operand is null ? null : Evaluate(filtered.Operand, scope), scope);
            case Tested tested:
                return EvaluateTest(tested, scope);
            case Conditional conditional:
                return Operators.IsTrue(Evaluate(conditional.Test, scope)) ? Evaluate(conditional.Then, scope)
                    : conditional.Else is null ? Undefined.Name("the inline if-expression evaluated to false and no else section was defined.")
                    : Evaluate(conditional.Else, scope);
            case Logical logical:
                object? left = Evaluate(logical.Left, scope);
                return Operators.IsTrue(left) == logical.IsAnd ? Evaluate(logical.Right, scope) : left;
            case Not not:
                return !Operators.IsTrue(Evaluate(not.Operand, scope));
            case Comparison comparison:
                return EvaluateComparison(comparison, scope);
            case Concatenation concatenation:
                return Counted(Joined(concatenation, scope));
            case Unary unary:
                object? operand = Evaluate(unary.Operand, scope);
                return unary.Operator == "-" ? Operators.Negate(operand) : Operators.Plus(operand);
            case Binary binary:
                return Counted(Operators.Binary(binary.Operator, Evaluate(binary.Left, scope), Evaluate(binary.Right, scope)));
            case ListLiteral list:
                return list.Items.Select(item => Evaluate(item, scope)).ToList();
            case TupleLiteral tuple:
                return new PythonTuple([.. tuple.Items.Select(item => Evaluate(item, scope))]);
            default:
                return EvaluateDictionary((DictionaryLiteral)expression, scope);
        }
    }

    private object? Optional(Expression? expression, Scope scope) => expression is null ? null : Evaluate(expression, scope);

    private PythonDictionary EvaluateDictionary(DictionaryLiteral literal, Scope scope)
    {
        var dictionary = new PythonDictionary();
        foreach ((Expression key, Expression value) in literal.Entries)
        {
            dictionary[Evaluate(key, scope)] = Evaluate(value, scope);
        }

        return dictionary;
    }

    private string Joined(Concatenation concatenation, Scope scope)
    {
        string[] parts = [.. concatenation.Parts.Select(part => PythonText.Str(Evaluate(part, scope)))];
        Limits.CheckLength(parts.Sum(part => (long)part.Length));
        return string.Concat(parts);
    }

    private bool EvaluateComparison(Comparison comparison, Scope scope)
    {
        object? left = Evaluate(comparison.First, scope);
        foreach ((string symbol, Expression operand) in comparison.Rest)
        {
            object? right = Evaluate(operand, scope);
            if (!Holds(symbol, left, right))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    internal static bool Holds(string symbol, object? left, object? right)
    {
        switch (symbol)
        {
            case "==": return Operators.AreEqual(left, right);
            case "!=": return !Operators.AreEqual(left, right);
            case "in": return Operators.Contains(right, left);
            case "not in": return !Operators.Contains(right, left);
        }

        int? order = Operators.Compare(left, right, symbol);
        return symbol switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    private object? EvaluateCall(Call call, Scope scope)
    {
        object? callee = Evaluate(call.Callee, scope);
        (List<object?> positional, Dictionary<string, object?> named) = EvaluateArguments(call.Arguments, scope);
        return Counted(Invoke(callee, positional, named));
    }

    private static object? Invoke(object? callee, List<object?> positional, Dictionary<string, object?> named) => callee switch
    {
        ICallable callable => callable.Call(new Arguments(callable is Function function ? function.Name : PythonText.TypeName(callee), positional, named)),
        Undefined undefined => throw undefined.Error(),
        _ => throw TemplateError.Runtime($"'{PythonText.TypeName(callee)}' object is not callable"),
    };

    private (List<object?> Positional, Dictionary<string, object?> Named) EvaluateArguments(ArgumentList arguments, Scope scope)
    {
        List<object?> positional = [.. arguments.Positional.Select(argument => Evaluate(argument, scope))];
        Dictionary<string, object?> named = [];
        foreach ((string name, Expression value) in arguments.Named)
        {
            if (!named.TryAdd(name, Evaluate(value, scope)))
            {
                throw TemplateError.Runtime($"keyword argument repeated: {name}");
            }
        }

        if (arguments.Spread is not null)
        {
            positional.AddRange(Items(Evaluate(arguments.Spread, scope)));
        }

        if (arguments.NamedSpread is not null)
        {
            object? spread = Evaluate(arguments.NamedSpread, scope);
            foreach ((object? key, object? value) in spread as PythonDictionary
                ?? throw TemplateError.Runtime($"argument after ** must be a mapping, not {PythonText.TypeName(spread)}"))
            {
                Step();
                named[key as string ?? throw TemplateError.Runtime("keywords must be strings")] = value;
            }
        }

        return (positional, named);
    }

    /// <summary>Applies a chain of filters whose innermost operand is missing (a block) to a value.</summary>
    private object? ApplyFilters(Filtered filtered, object? value, Scope scope)
    {
        object? operand = filtered.Operand is Filtered { } inner && IsBlockFilter(inner) ? ApplyFilters(inner, value, scope) : value;
        (List<object?> positional, Dictionary<string, object?> named) = EvaluateArguments(filtered.Arguments, scope);
        return ApplyFilter(filtered.Filter, operand, positional, named);
    }

    private static bool IsBlockFilter(Filtered filtered) =>
        filtered.Operand is null || (filtered.Operand is Filtered inner && IsBlockFilter(inner));

    private bool EvaluateTest(Tested tested, Scope scope)
    {
        object? value = Evaluate(tested.Operand, scope);
        (List<object?> positional, Dictionary<string, object?> named) = EvaluateArguments(tested.Arguments, scope);
        return Tests.Apply(tested.Test, value, new Arguments(tested.Test, positional, named));
    }
}
