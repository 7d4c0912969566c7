using Proximal.ChatTemplates;
using Proximal.Internal;

namespace Proximal.Data;

/// <summary>The fields of a row for supervised fine-tuning.</summary>
public sealed record SftFields
{
    /// <summary>The prompt, on which there is no loss: a text, or a list of messages.</summary>
    public string Prompt { get; init; } = "prompt";

    /// <summary>The response to learn: a text, or, behind a prompt of messages, a list of messages.</summary>
    public string Response { get; init; } = "response";

    /// <summary>The whole text, in rows that have this instead of prompt and response: every token is learned.</summary>
    public string Text { get; init; } = "text";

    /// <summary>The conversation, in rows that have this instead: a list of messages with role and content.</summary>
    public string Messages { get; init; } = ChatMessages.DefaultField;

    internal void Validate()
    {
        Require.NotBlank(Prompt, nameof(Prompt));
        Require.NotBlank(Response, nameof(Response));
        Require.NotBlank(Text, nameof(Text));
        Require.NotBlank(Messages, nameof(Messages));
    }
}
