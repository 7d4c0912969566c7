using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>Runs the statements of a template. Expressions are in Interpreter.Expressions.cs.</summary>
internal sealed partial class Interpreter
{
    private readonly List<(int Start, int End)> _generations = [];
    private readonly StringBuilder _output = new();
    private StringBuilder _target;
    private bool _autoescape;
    private long _steps;
    private long _made;
    private int _depth;
    private int _line;

    private Interpreter() => _target = _output;

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Renders a template.</summary>
    /// <returns>The text, and where its generation blocks stand in it (UTF-16 indices).</returns>
    public static (string Text, IReadOnlyList<(int Start, int End)> Generations) Render(
        IReadOnlyList<Statement> template, IReadOnlyDictionary<string, object?> variables, DateTimeOffset now)
    {
        var interpreter = new Interpreter();
        var globals = new Scope(null);
        Globals.Define(globals, now);
        foreach ((string name, object? value) in variables)
        {
            globals[name] = value;
        }

        try
        {
            interpreter.Run(template, new Scope(globals));
        }
        catch (TemplateError error)
        {
            error.Line = error.Line == 0 ? interpreter._line : error.Line;
            throw;
        }
        catch (InsufficientExecutionStackException)
        {
            throw new TemplateError(ChatTemplateErrorKind.Limit, "values or calls nested too deeply", interpreter._line);
        }

        return (interpreter._output.ToString(), interpreter._generations);
    }

    private Flow Run(IReadOnlyList<Statement> body, Scope scope)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (Statement statement in body)
        {
            Step();
            _line = statement.Line;
            Flow flow = Run(statement, scope);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, Scope scope)
    {
        switch (statement)
        {
            case Data data:
                Write(data.Text);
                return Flow.Next;
            case Print print:
                Write(Printed(Evaluate(print.Value, scope)));
                return Flow.Next;
            case If branch:
                return RunIf(branch, scope);
            case For loop:
                RunFor(loop, scope);
                return Flow.Next;
            case LoopExit exit:
                return exit.IsBreak ? Flow.Break : Flow.Continue;
            case Set set:
                Assign(set.Target, Evaluate(set.Value, scope), scope);
                return Flow.Next;
            case SetBlock set:
                string text = Capture(set.Body, new Scope(scope));
                Assign(set.Target, set.Filter is null ? text : ApplyFilters(set.Filter, text, scope), scope);
                return Flow.Next;
            case With with:
                return RunWith(with, scope);
            case MacroDefinition macro:
                scope[macro.Identifier] = Define(macro.Identifier, macro.Signature, macro.Body, scope);
                return Flow.Next;
            case CallBlock block:
                RunCall(block, scope);
                return Flow.Next;
            case FilterBlock block:
                Write(Printed(ApplyFilters(block.Filter, Capture(block.Body, new Scope(scope)), scope)));
                return Flow.Next;
            case Scoped block:
                return RunScoped(block, scope);
            case Generation generation:
                return RunGeneration(generation, scope);
            default:
                throw TemplateError.Runtime("no loader for this environment specified");
        }
    }

    private Flow RunIf(If branch, Scope scope)
    {
        foreach ((Expression test, IReadOnlyList<Statement> body) in branch.Branches)
        {
            if (Operators.IsTrue(Evaluate(test, scope)))
            {
                return Run(body, scope);
            }
        }

        return Run(branch.Else, scope);
    }

    private void RunFor(For loop, Scope scope) => RunLoop(loop, Evaluate(loop.Items, scope), scope, depth: 1);

    private void RunLoop(For loop, object? items, Scope scope, int depth)
    {
        IEnumerable<object?> source = Operators.Iterate(items);
        if (loop.Test is not null)
        {
            source = source.Where(item =>
            {
                var test = new Scope(scope);
                Assign(loop.Target, item, test);
                return Operators.IsTrue(Evaluate(loop.Test, test));
            });
        }

        var context = new LoopContext(source, depth, loop.Recursive ? Recurse : null);
        bool any = false;
        while (context.MoveNext(out object? item))
        {
            Step();
            any = true;
            var body = new Scope(scope) { ["loop"] = context };
            Assign(loop.Target, item, body);
            if (Run(loop.Body, body) == Flow.Break)
            {
                break;
            }
        }

        if (!any)
        {
            Run(loop.Else, new Scope(scope));
        }

        string Recurse(object? inner, int level) => Nested(() => CaptureFrom(() => RunLoop(loop, inner, scope, level)));
    }

    private Flow RunWith(With with, Scope scope)
    {
        var inner = new Scope(scope);
        object?[] values = [.. with.Bindings.Select(binding => Evaluate(binding.Value, scope))];
        for (int i = 0; i < values.Length; i++)
        {
            Assign(with.Bindings[i].Target, values[i], inner);
        }

        return Run(with.Body, inner);
    }

    private Flow RunScoped(Scoped block, Scope scope)
    {
        bool before = _autoescape;
        _autoescape = block.Autoescape is null ? before : Operators.IsTrue(Evaluate(block.Autoescape, scope));
        Flow flow = Run(block.Body, new Scope(scope));
        _autoescape = before;
        return flow;
    }

    private Flow RunGeneration(Generation generation, Scope scope)
    {
        int start = _target.Length;
        Flow flow = Run(generation.Body, new Scope(scope));
        if (_target != _output)
        {
            throw TemplateError.Runtime("a generation block inside a macro, a filter or a set block has no place in the text");
        }

        _generations.Add((start, _target.Length));
        return flow;
    }

    private void RunCall(CallBlock block, Scope scope)
    {
        Macro caller = Define("caller", block.Signature, block.Body, scope);
        object? callee = Evaluate(block.Call.Callee, scope);
        (List<object?> positional, Dictionary<string, object?> named) = EvaluateArguments(block.Call.Arguments, scope);
        named["caller"] = caller;
        Write(Printed(Invoke(callee, positional, named)));
    }

    private Macro Define(string name, Signature signature, IReadOnlyList<Statement> body, Scope scope) => new(name, signature, values =>
        Nested(() =>
        {
            var inner = new Scope(scope);
            foreach ((string extra, object? value) in values)
            {
                inner[extra] = value;
            }

            foreach ((string parameter, Expression? standard) in signature.Parameters)
            {
                if (!values.ContainsKey(parameter))
                {
                    inner[parameter] = standard is null
                        ? new Undefined(ChatTemplateErrorKind.Undefined, $"parameter {PythonText.Repr(parameter)} was not provided")
                        : Evaluate(standard, inner);
                }
            }

            return Capture(body, inner);
        }));

    private string Nested(Func<string> body)
    {
        if (++_depth > Limits.Depth)
        {
            throw TemplateError.Limit($"calls nested deeper than {Limits.Depth}");
        }

        int line = _line;
        string text = body();
        _line = line;
        _depth--;
        return text;
    }

    private string Capture(IReadOnlyList<Statement> body, Scope scope) => CaptureFrom(() => Run(body, scope));

    private string CaptureFrom(Action write)
    {
        StringBuilder before = _target;
        _target = new StringBuilder();
        write();
        string text = _target.ToString();
        _target = before;
        return text;
    }

    private static void Assign(Target target, object? value, Scope scope)
    {
        switch (target)
        {
            case NameTarget name:
                scope[name.Identifier] = value;
                break;
            case AttributeTarget attribute:
                AssignAttribute(attribute, value, scope);
                break;
            case TupleTarget tuple:
                List<object?> values = [.. Operators.Iterate(value)];
                if (values.Count != tuple.Items.Count)
                {
                    throw TemplateError.Runtime(values.Count < tuple.Items.Count
                        ? $"not enough values to unpack (expected {tuple.Items.Count}, got {values.Count})"
                        : $"too many values to unpack (expected {tuple.Items.Count})");
                }

                for (int i = 0; i < values.Count; i++)
                {
                    Assign(tuple.Items[i], values[i], scope);
                }

                break;
        }
    }

    private static void AssignAttribute(AttributeTarget target, object? value, Scope scope)
    {
        if (scope[target.Owner] is not Namespace space)
        {
            throw TemplateError.Runtime("cannot assign attribute on non-namespace object");
        }

        if (target.Attribute.StartsWith('_'))
        {
            throw new TemplateError(
                ChatTemplateErrorKind.Security,
                $"Chat templates cannot store underscore-prefixed attributes on a namespace, but got {PythonText.Repr(target.Attribute)}. Please rename the attribute.");
        }

        space.Attributes[target.Attribute] = value;
    }

    private string Printed(object? value) => _autoescape && value is not Markup ? Filters.Escape(PythonText.Str(value)) : PythonText.Str(value);

    private void Write(string text)
    {
        _target.Append(text);
        Limits.CheckLength(_target.Length);
        Made(text.Length);
    }

    private void Step()
    {
        if (++_steps > Limits.Steps)
        {
            throw TemplateError.Limit($"more than {Limits.Steps} steps");
        }
    }

    private void Made(long size)
    {
        _made += size;
        if (_made > Limits.Total)
        {
            throw TemplateError.Limit($"more than {Limits.Total} characters and items made in all");
        }
    }

    private object? Counted(object? value)
    {
        Made(value switch { string text => text.Length, List<object?> list => list.Count, PythonTuple tuple => tuple.Items.Count, BigInteger => 1, _ => 0 });
        return value;
    }
}
