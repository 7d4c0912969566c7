namespace Proximal.ChatTemplates.Jinja;

/// <summary>What a token is.</summary>
internal enum TokenKind
{
    /// <summary>Text between tags.</summary>
    Data,

    /// <summary>{{.</summary>
    VariableBegin,

    /// <summary>}}.</summary>
    VariableEnd,

    /// <summary>{%.</summary>
    BlockBegin,

    /// <summary>%}.</summary>
    BlockEnd,

    /// <summary>An identifier or keyword.</summary>
    Name,

    /// <summary>A string, escapes resolved.</summary>
    Text,

    /// <summary>An integer literal.</summary>
    Integer,

    /// <summary>A floating-point literal.</summary>
    Float,

    /// <summary>An operator or a bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}
