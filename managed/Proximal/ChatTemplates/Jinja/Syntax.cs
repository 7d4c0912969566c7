namespace Proximal.ChatTemplates.Jinja;

// The tree of a template. Every node knows its line.

internal abstract record Node(int Line);

internal abstract record Expression(int Line) : Node(Line);

internal abstract record Statement(int Line) : Node(Line);

internal sealed record Constant(object? Value, int Line) : Expression(Line);

internal sealed record Name(string Identifier, int Line) : Expression(Line);

internal sealed record ListLiteral(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

internal sealed record TupleLiteral(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

internal sealed record DictionaryLiteral(IReadOnlyList<(Expression Key, Expression Value)> Entries, int Line) : Expression(Line);

internal sealed record Unary(string Operator, Expression Operand, int Line) : Expression(Line);

internal sealed record Binary(string Operator, Expression Left, Expression Right, int Line) : Expression(Line);

internal sealed record Logical(bool IsAnd, Expression Left, Expression Right, int Line) : Expression(Line);

internal sealed record Not(Expression Operand, int Line) : Expression(Line);

internal sealed record Comparison(Expression First, IReadOnlyList<(string Operator, Expression Operand)> Rest, int Line) : Expression(Line);

internal sealed record Concatenation(IReadOnlyList<Expression> Parts, int Line) : Expression(Line);

internal sealed record Conditional(Expression Test, Expression Then, Expression? Else, int Line) : Expression(Line);

internal sealed record AttributeOf(Expression Owner, string Attribute, int Line) : Expression(Line);

internal sealed record ItemOf(Expression Owner, Expression Key, int Line) : Expression(Line);

internal sealed record SliceOf(Expression Owner, Expression? Start, Expression? Stop, Expression? Step, int Line) : Expression(Line);

internal sealed record Call(Expression Callee, ArgumentList Arguments, int Line) : Expression(Line);

/// <summary>value | name(...). A null operand is the body of a filter block.</summary>
internal sealed record Filtered(Expression? Operand, string Filter, ArgumentList Arguments, int Line) : Expression(Line);

internal sealed record Tested(Expression Operand, string Test, ArgumentList Arguments, int Line) : Expression(Line);

internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? Spread,
    Expression? NamedSpread)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);
}

internal sealed record Data(string Text, int Line) : Statement(Line);

internal sealed record Print(Expression Value, int Line) : Statement(Line);

internal sealed record If(IReadOnlyList<(Expression Test, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Else, int Line)
    : Statement(Line);

internal sealed record For(
    Target Target,
    Expression Items,
    Expression? Test,
    bool Recursive,
    IReadOnlyList<Statement> Body,
    IReadOnlyList<Statement> Else,
    int Line) : Statement(Line);

internal sealed record LoopExit(bool IsBreak, int Line) : Statement(Line);

internal sealed record Set(Target Target, Expression Value, int Line) : Statement(Line);

internal sealed record SetBlock(Target Target, Filtered? Filter, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

internal sealed record With(IReadOnlyList<(Target Target, Expression Value)> Bindings, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

internal sealed record MacroDefinition(string Identifier, Signature Signature, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

internal sealed record CallBlock(Call Call, Signature Signature, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

internal sealed record FilterBlock(Filtered Filter, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <summary>A body with a scope of its own: block, autoescape.</summary>
internal sealed record Scoped(Expression? Autoescape, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <summary>{% generation %}: what the assistant says.</summary>
internal sealed record Generation(IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <summary>include, import, extends: there is nothing to load from.</summary>
internal sealed record Load(Expression Template, int Line) : Statement(Line);

internal sealed record Signature(IReadOnlyList<(string Name, Expression? Default)> Parameters, bool TakesRest, bool TakesNamedRest, bool UsesCaller);

internal abstract record Target;

internal sealed record NameTarget(string Identifier) : Target;

internal sealed record TupleTarget(IReadOnlyList<Target> Items) : Target;

internal sealed record AttributeTarget(string Owner, string Attribute) : Target;
