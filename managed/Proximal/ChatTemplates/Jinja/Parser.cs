using System.Globalization;
using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>Statements of a template: tokens to a tree. Expressions are in Parser.Expressions.cs.</summary>
internal sealed partial class Parser
{
    private readonly IReadOnlyList<Token> _tokens;
    private readonly Stack<(string Tag, string[] Ends)> _open = new();
    private int _next;
    private int _soft;
    private int _loops;

    private Parser(IReadOnlyList<Token> tokens) => _tokens = tokens;

    /// <summary>Whether any {% generation %} was seen.</summary>
    public bool HasGeneration { get; private set; }

    public static IReadOnlyList<Statement> Parse(string source, out bool hasGeneration)
    {
        var parser = new Parser(Lexer.Tokenize(source));
        IReadOnlyList<Statement> body = parser.Statements([]);
        hasGeneration = parser.HasGeneration;
        return body;
    }

    private Token Current => _tokens[_next];

    private Token Advance() => _tokens[_next < _tokens.Count - 1 ? _next++ : _next];

    private bool SkipOperator(string symbol)
    {
        bool found = Current.IsOperator(symbol);
        _next += found ? 1 : 0;
        return found;
    }

    private bool SkipName(string name)
    {
        bool found = Current.IsName(name);
        _next += found ? 1 : 0;
        return found;
    }

    private void ExpectOperator(string symbol)
    {
        if (!SkipOperator(symbol))
        {
            throw Unexpected(symbol);
        }
    }

    private string ExpectName()
    {
        return Current.Kind == TokenKind.Name ? Advance().Text : throw Unexpected("name");
    }

    private void Expect(TokenKind kind, string name)
    {
        if (Current.Kind != kind)
        {
            throw Current.Kind == TokenKind.End
                ? Fail($"unexpected end of template, expected '{name}'.")
                : Unexpected(name);
        }

        Advance();
    }

    private TemplateError Unexpected(string expected) => Fail(Current.Kind == TokenKind.End
        ? $"unexpected end of template, expected '{expected}'."
        : $"expected token '{expected}', got {PythonText.Repr(Current.Describe())}");

    private TemplateError Fail(string text) => new(ChatTemplateErrorKind.Syntax, text, Current.Line);

    /// <summary>Statements up to one of the end tags, whose {% name is consumed but not its arguments.</summary>
    private List<Statement> Statements(string[] ends)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        var body = new List<Statement>();
        while (true)
        {
            Token token = Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    body.Add(new Data(Advance().Text, token.Line));
                    break;
                case TokenKind.VariableBegin:
                    Advance();
                    body.Add(new Print(Tuple(withCondition: true), token.Line));
                    Expect(TokenKind.VariableEnd, "end of print statement");
                    break;
                case TokenKind.BlockBegin:
                    Advance();
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                    {
                        return body;
                    }

                    body.Add(Statement());
                    Expect(TokenKind.BlockEnd, "end of statement block");
                    break;
                default:
                    return ends.Length == 0 ? body : throw EndsTooEarly();
            }
        }
    }

    private TemplateError EndsTooEarly() => Fail("Unexpected end of template. " + LookingFor());

    private string LookingFor()
    {
        (string tag, string[] ends) = _open.Peek();
        return $"Jinja was looking for the following tags: {string.Join(" or ", ends.Select(end => $"'{end}'"))}. "
            + $"The innermost block that needs to be closed is '{tag}'.";
    }

    private Statement Statement()
    {
        if (Current.Kind != TokenKind.Name)
        {
            throw Fail("tag name expected");
        }

        Token tag = Advance();
        int line = tag.Line;
        switch (tag.Text)
        {
            case "if": return ParseIf(line);
            case "for": return ParseFor(line);
            case "set": return ParseSet(line);
            case "with": return ParseWith(line);
            case "macro": return ParseMacro(line);
            case "call": return ParseCallBlock(line);
            case "filter": return ParseFilterBlock(line);
            case "block":
                ExpectName();
                SkipName("scoped");
                SkipName("required");
                return new Scoped(null, Body("block", "endblock", name: true), line);
            case "autoescape":
                return new Scoped(Parse(), Body("autoescape", "endautoescape"), line);
            case "generation":
                HasGeneration = true;
                return new Generation(Body("generation", "endgeneration"), line);
            case "break" or "continue":
                return _loops > 0
                    ? new LoopExit(tag.Text == "break", line)
                    : throw new TemplateError(ChatTemplateErrorKind.Runtime, $"'{tag.Text}' outside loop", line);
            case "print":
                return new Print(Tuple(withCondition: true), line);
            case "include" or "import" or "extends" or "from":
                return ParseLoad(line);
            default:
                throw _open.Count == 0
                    ? Fail($"Encountered unknown tag '{tag.Text}'.")
                    : Fail($"Encountered unknown tag '{tag.Text}'. {LookingFor()}");
        }
    }

    /// <summary>The rest of an opening tag, a body, and its closing tag's name.</summary>
    private List<Statement> Body(string tag, string end, bool name = false)
    {
        List<Statement> body = Body(tag, [end]);
        Advance();
        if (name && Current.Kind == TokenKind.Name)
        {
            Advance();
        }

        return body;
    }

    private List<Statement> Body(string tag, string[] ends)
    {
        SkipOperator(":");
        Expect(TokenKind.BlockEnd, "end of statement block");
        _open.Push((tag, ends));
        List<Statement> body = Statements(ends);
        _open.Pop();
        return body;
    }

    /// <summary>A body in which an unknown filter is found at once again, although an if stands around it.</summary>
    private List<Statement> HardBody(string tag, string end)
    {
        int soft = _soft;
        _soft = 0;
        List<Statement> body = Body(tag, end);
        _soft = soft;
        return body;
    }

    private If ParseIf(int line)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        while (true)
        {
            Expression test = Tuple(withCondition: false);
            _soft++;
            List<Statement> body = Body("if", ["elif", "else", "endif"]);
            branches.Add((test, body));
            _soft--;
            if (SkipName("elif"))
            {
                continue;
            }

            List<Statement> otherwise = [];
            if (SkipName("else"))
            {
                _soft++;
                otherwise = Body("if", "endif");
                _soft--;
            }
            else
            {
                Advance();
            }

            return new If(branches, otherwise, line);
        }
    }

    private For ParseFor(int line)
    {
        Target target = ParseTarget(withNamespace: false);
        if (!SkipName("in"))
        {
            throw Unexpected("in");
        }

        Expression items = Tuple(withCondition: false, end: "recursive");
        Expression? test = SkipName("if") ? Parse() : null;
        bool recursive = SkipName("recursive");
        int soft = _soft;
        _soft = 0;
        _loops++;
        List<Statement> body = Body("for", ["endfor", "else"]);
        _loops--;
        List<Statement> otherwise = [];
        if (SkipName("else"))
        {
            otherwise = Body("for", "endfor");
        }
        else
        {
            Advance();
        }

        _soft = soft;
        return new For(target, items, test, recursive, body, otherwise, line);
    }

    private Statement ParseSet(int line)
    {
        Target target = ParseTarget(withNamespace: true);
        if (SkipOperator("="))
        {
            return new Set(target, Tuple(withCondition: true), line);
        }

        Filtered? filter = Current.IsOperator("|") ? (Filtered)Filters(null) : null;
        return new SetBlock(target, filter, Body("set", "endset"), line);
    }

    private With ParseWith(int line)
    {
        var bindings = new List<(Target, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (bindings.Count > 0)
            {
                ExpectOperator(",");
            }

            Target target = ParseSingleTarget(withNamespace: false);
            ExpectOperator("=");
            bindings.Add((target, Parse()));
        }

        return new With(bindings, HardBody("with", "endwith"), line);
    }

    private MacroDefinition ParseMacro(int line)
    {
        string name = ExpectName();
        List<(string, Expression?)> parameters = Parameters();
        int start = _next;
        int loops = _loops;
        _loops = 0;
        List<Statement> body = HardBody("macro", "endmacro");
        _loops = loops;
        return new MacroDefinition(name, Sign(parameters, start), body, line);
    }

    private CallBlock ParseCallBlock(int line)
    {
        List<(string, Expression?)> parameters = Current.IsOperator("(") ? Parameters() : [];
        Expression call = Parse();
        if (call is not Call made)
        {
            throw Fail("expected call");
        }

        int start = _next;
        List<Statement> body = HardBody("call", "endcall");
        return new CallBlock(made, Sign(parameters, start), body, line);
    }

    private FilterBlock ParseFilterBlock(int line)
    {
        var filter = (Filtered)Filters(null, begun: true);
        return new FilterBlock(filter, HardBody("filter", "endfilter"), line);
    }

    private Load ParseLoad(int line)
    {
        Expression template = Parse();
        while (Current.Kind is not (TokenKind.BlockEnd or TokenKind.End))
        {
            Advance();
        }

        return new Load(template, line);
    }

    private List<(string Name, Expression? Default)> Parameters()
    {
        var parameters = new List<(string, Expression?)>();
        ExpectOperator("(");
        while (!Current.IsOperator(")"))
        {
            if (parameters.Count > 0)
            {
                ExpectOperator(",");
            }

            string name = ExpectName();
            Expression? value = SkipOperator("=") ? Parse() : null;
            if (value is null && parameters.Count > 0 && parameters[^1].Item2 is not null)
            {
                throw Fail("non-default argument follows default argument");
            }

            parameters.Add((name, value));
        }

        ExpectOperator(")");
        return parameters;
    }

    /// <summary>A macro takes extra arguments only when its body speaks of varargs, kwargs or caller.</summary>
    private Signature Sign(List<(string Name, Expression? Default)> parameters, int bodyStart)
    {
        bool Uses(string name)
        {
            for (int i = bodyStart; i < _next; i++)
            {
                if (_tokens[i].IsName(name))
                {
                    return true;
                }
            }

            return false;
        }

        return new Signature(parameters, Uses("varargs"), Uses("kwargs"), Uses("caller"));
    }

    private Target ParseTarget(bool withNamespace)
    {
        Target first = ParseSingleTarget(withNamespace);
        if (!Current.IsOperator(","))
        {
            return first;
        }

        var items = new List<Target> { first };
        while (SkipOperator(","))
        {
            if (Current.IsName("in") || Current.IsOperator("=") || Current.Kind == TokenKind.BlockEnd || Current.IsOperator(")"))
            {
                break;
            }

            items.Add(ParseSingleTarget(withNamespace));
        }

        return new TupleTarget(items);
    }

    private Target ParseSingleTarget(bool withNamespace)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        if (SkipOperator("("))
        {
            Target inner = ParseTarget(withNamespace);
            ExpectOperator(")");
            return inner;
        }

        string name = ExpectName();
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
        {
            throw Fail($"can't assign to '{name}'");
        }

        return withNamespace && SkipOperator(".") ? new AttributeTarget(name, ExpectName()) : new NameTarget(name);
    }

    private static BigInteger Integer(string text)
    {
        string digits = text.Replace("_", string.Empty, StringComparison.Ordinal);
        int radix = digits.Length < 2 || digits[0] != '0' ? 10 : char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        if (radix == 10)
        {
            Limits.CheckLength(digits.Length * 1000L);
            return BigInteger.Parse(digits, CultureInfo.InvariantCulture);
        }

        return PythonNumbers.TryParse(digits[2..], radix, out BigInteger value)
            ? value
            : throw new TemplateError(ChatTemplateErrorKind.Syntax, $"malformed number '{text}'");
    }
}
