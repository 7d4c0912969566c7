using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>Expressions, by falling precedence: condition, or, and, not, comparison, + -, ~, * / // %, **, unary, postfix, filters and tests.</summary>
internal sealed partial class Parser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private Expression Parse(bool withCondition = true)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return withCondition ? Condition() : Or();
    }

    /// <summary>An expression, or several with commas: a tuple.</summary>
    private Expression Tuple(bool withCondition, string? end = null, bool parentheses = false)
    {
        int line = Current.Line;
        var items = new List<Expression>();
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
            {
                ExpectOperator(",");
            }

            if (IsTupleEnd(end))
            {
                break;
            }

            items.Add(Parse(withCondition));
            if (!Current.IsOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        if (!isTuple && items.Count > 0)
        {
            return items[0];
        }

        return isTuple || parentheses
            ? new TupleLiteral(items, line)
            : throw Fail($"Expected an expression, got {PythonText.Repr(Current.Describe())}");
    }

    private bool IsTupleEnd(string? end) =>
        Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd or TokenKind.End || Current.IsOperator(")")
        || (end is not null && Current.IsName(end));

    private Expression Condition()
    {
        Expression value = Or();
        while (Current.IsName("if"))
        {
            int line = Advance().Line;
            Expression test = Or();
            _soft++;
            Expression? otherwise = SkipName("else") ? Condition() : null;
            _soft--;
            value = new Conditional(test, value, otherwise, line);
        }

        return value;
    }

    private Expression Or()
    {
        Expression left = And();
        while (Current.IsName("or"))
        {
            int line = Advance().Line;
            left = new Logical(false, left, And(), line);
        }

        return left;
    }

    private Expression And()
    {
        Expression left = Negation();
        while (Current.IsName("and"))
        {
            int line = Advance().Line;
            left = new Logical(true, left, Negation(), line);
        }

        return left;
    }

    private Expression Negation()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        int line = Current.Line;
        return SkipName("not") ? new Not(Negation(), line) : Compared();
    }

    private Expression Compared()
    {
        Expression first = Sum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && Comparisons.Contains(Current.Text))
            {
                string symbol = Advance().Text;
                rest.Add((symbol, Sum()));
            }
            else if (SkipName("in"))
            {
                rest.Add(("in", Sum()));
            }
            else if (Current.IsName("not") && _tokens[_next + 1].IsName("in"))
            {
                _next += 2;
                rest.Add(("not in", Sum()));
            }
            else
            {
                return rest.Count == 0 ? first : new Comparison(first, rest, first.Line);
            }
        }
    }

    private Expression Sum()
    {
        Expression left = Joined();
        while (Current.IsOperator("+") || Current.IsOperator("-"))
        {
            Token symbol = Advance();
            left = new Binary(symbol.Text, left, Joined(), symbol.Line);
        }

        return left;
    }

    private Expression Joined()
    {
        Expression first = Product();
        if (!Current.IsOperator("~"))
        {
            return first;
        }

        var parts = new List<Expression> { first };
        while (SkipOperator("~"))
        {
            parts.Add(Product());
        }

        return new Concatenation(parts, first.Line);
    }

    private Expression Product()
    {
        Expression left = Power();
        while (Current.Kind == TokenKind.Operator && Current.Text is "*" or "/" or "//" or "%")
        {
            Token symbol = Advance();
            left = new Binary(symbol.Text, left, Power(), symbol.Line);
        }

        return left;
    }

    private Expression Power()
    {
        Expression left = Signed(filters: true);
        while (Current.IsOperator("**"))
        {
            int line = Advance().Line;
            left = new Binary("**", left, Signed(filters: true), line);
        }

        return left;
    }

    private Expression Signed(bool filters)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Token token = Current;
        Expression value;
        if (SkipOperator("-") || SkipOperator("+"))
        {
            value = new Unary(token.Text, Signed(filters: false), token.Line);
        }
        else
        {
            value = Postfix(Primary());
        }

        return filters ? FiltersAndTests(value) : value;
    }

    private Expression Primary()
    {
        Token token = Advance();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Constant(true, token.Line),
                    "false" or "False" => new Constant(false, token.Line),
                    "none" or "None" => new Constant(null, token.Line),
                    _ => new Name(token.Text, token.Line),
                };
            case TokenKind.Text:
                var text = new StringBuilder(token.Text);
                while (Current.Kind == TokenKind.Text)
                {
                    text.Append(Advance().Text);
                }

                return new Constant(text.ToString(), token.Line);
            case TokenKind.Integer:
                return new Constant(Integer(token.Text), token.Line);
            case TokenKind.Float:
                return new Constant(double.Parse(token.Text, CultureInfo.InvariantCulture), token.Line);
            case TokenKind.Operator when token.Text == "(":
                Expression inner = Tuple(withCondition: true, parentheses: true);
                ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new ListLiteral(Items("]"), token.Line);
            case TokenKind.Operator when token.Text == "{":
                return new DictionaryLiteral(Entries(), token.Line);
            default:
                _next -= token.Kind == TokenKind.End ? 0 : 1;
                throw Fail(token.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd
                    ? $"Expected an expression, got {PythonText.Repr(token.Describe())}"
                    : $"unexpected {PythonText.Repr(token.Describe())}");
        }
    }

    private List<Expression> Items(string close)
    {
        var items = new List<Expression>();
        while (!Current.IsOperator(close))
        {
            if (items.Count > 0)
            {
                ExpectOperator(",");
                if (Current.IsOperator(close))
                {
                    break;
                }
            }

            items.Add(Parse());
        }

        ExpectOperator(close);
        return items;
    }

    private List<(Expression, Expression)> Entries()
    {
        var entries = new List<(Expression, Expression)>();
        while (!Current.IsOperator("}"))
        {
            if (entries.Count > 0)
            {
                ExpectOperator(",");
                if (Current.IsOperator("}"))
                {
                    break;
                }
            }

            Expression key = Parse();
            ExpectOperator(":");
            entries.Add((key, Parse()));
        }

        ExpectOperator("}");
        return entries;
    }

    private Expression Postfix(Expression value)
    {
        while (true)
        {
            Token token = Current;
            if (SkipOperator("."))
            {
                Token member = Advance();
                value = member.Kind switch
                {
                    TokenKind.Name => new AttributeOf(value, member.Text, token.Line),
                    TokenKind.Integer => new ItemOf(value, new Constant(Integer(member.Text), member.Line), token.Line),
                    _ => throw Fail($"expected name or number, got {PythonText.Repr(member.Describe())}"),
                };
            }
            else if (SkipOperator("["))
            {
                value = Subscript(value, token.Line);
            }
            else if (Current.IsOperator("("))
            {
                value = new Call(value, CallArguments(), token.Line);
            }
            else
            {
                return value;
            }
        }
    }

    private Expression Subscript(Expression owner, int line)
    {
        if (!Current.IsOperator(":"))
        {
            Expression key = Parse();
            if (SkipOperator("]"))
            {
                return new ItemOf(owner, key, line);
            }

            if (Current.IsOperator(","))
            {
                var keys = new List<Expression> { key };
                while (SkipOperator(","))
                {
                    keys.Add(Parse());
                }

                ExpectOperator("]");
                return new ItemOf(owner, new TupleLiteral(keys, line), line);
            }

            return Slice(owner, key, line);
        }

        return Slice(owner, null, line);
    }

    private SliceOf Slice(Expression owner, Expression? start, int line)
    {
        ExpectOperator(":");
        Expression? stop = Current.IsOperator(":") || Current.IsOperator("]") ? null : Parse();
        Expression? step = SkipOperator(":") && !Current.IsOperator("]") ? Parse() : null;
        ExpectOperator("]");
        return new SliceOf(owner, start, stop, step, line);
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            if (Current.IsOperator("|"))
            {
                value = Filters(value);
            }
            else if (Current.IsName("is"))
            {
                value = Test(value);
            }
            else if (Current.IsOperator("("))
            {
                value = new Call(value, CallArguments(), Current.Line);
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>One or more filters; <paramref name="begun"/>: the first stands without its bar (a filter block).</summary>
    private Expression Filters(Expression? value, bool begun = false)
    {
        Expression? filtered = value;
        while (begun || SkipOperator("|"))
        {
            begun = false;
            int line = Current.Line;
            string name = DottedName();
            ArgumentList arguments = Current.IsOperator("(") ? CallArguments() : ArgumentList.Empty;
            if (!Jinja.Filters.Exists(name) && _soft == 0)
            {
                throw Fail($"No filter named '{name}'.");
            }

            filtered = new Filtered(filtered, name, arguments, line);
        }

        return filtered ?? throw Fail("expected a filter");
    }

    private Expression Test(Expression value)
    {
        int line = Advance().Line;
        bool negated = SkipName("not");
        string name = DottedName();
        ArgumentList arguments = ArgumentList.Empty;
        if (Current.IsOperator("("))
        {
            arguments = CallArguments();
        }
        else if (BeginsTestArgument())
        {
            if (Current.IsName("is"))
            {
                throw Fail("You cannot chain multiple tests with is");
            }

            arguments = new ArgumentList([Postfix(Primary())], [], null, null);
        }

        if (!Tests.Exists(name) && _soft == 0)
        {
            throw Fail($"No test named '{name}'.");
        }

        var tested = new Tested(value, name, arguments, line);
        return negated ? new Not(tested, line) : tested;
    }

    private bool BeginsTestArgument() =>
        Current.Kind is TokenKind.Text or TokenKind.Integer or TokenKind.Float
        || (Current.Kind == TokenKind.Operator && Current.Text is "[" or "{")
        || (Current.Kind == TokenKind.Name && Current.Text is not ("else" or "or" or "and" or "if" or "in" or "not"));

    private string DottedName()
    {
        string name = ExpectName();
        while (SkipOperator("."))
        {
            name += "." + ExpectName();
        }

        return name;
    }

    private ArgumentList CallArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? spread = null;
        Expression? namedSpread = null;
        ExpectOperator("(");
        bool first = true;
        while (!Current.IsOperator(")"))
        {
            if (!first)
            {
                ExpectOperator(",");
                if (Current.IsOperator(")"))
                {
                    break;
                }
            }

            first = false;
            if (SkipOperator("**"))
            {
                namedSpread = Parse();
            }
            else if (SkipOperator("*"))
            {
                spread = Parse();
            }
            else if (Current.Kind == TokenKind.Name && _tokens[_next + 1].IsOperator("="))
            {
                string name = Advance().Text;
                Advance();
                named.Add((name, Parse()));
            }
            else if (named.Count > 0 || namedSpread is not null)
            {
                throw Fail("invalid syntax for function call expression");
            }
            else
            {
                positional.Add(Parse());
            }
        }

        ExpectOperator(")");
        return new ArgumentList(positional, named, spread, namedSpread);
    }
}
