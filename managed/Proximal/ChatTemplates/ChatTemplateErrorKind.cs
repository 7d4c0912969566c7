namespace Proximal.ChatTemplates;

/// <summary>Why a chat template failed.</summary>
public enum ChatTemplateErrorKind
{
    /// <summary>The template is not valid Jinja, or uses a filter or test that does not exist.</summary>
    Syntax = 0,

    /// <summary>The template itself refused the conversation (raise_exception).</summary>
    Raised = 1,

    /// <summary>A value that the template needs is missing.</summary>
    Undefined = 2,

    /// <summary>The template reached for something that the sandbox keeps from it.</summary>
    Security = 3,

    /// <summary>An operation does not fit its values.</summary>
    Runtime = 4,

    /// <summary>The template wanted more steps, output or depth than it is given.</summary>
    Limit = 5,

    /// <summary>The conversation does not have the form that rendering needs.</summary>
    Conversation = 6,
}
