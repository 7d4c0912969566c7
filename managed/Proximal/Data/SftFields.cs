using Proximal.Internal;

namespace Proximal.Data;

/// <summary>The fields of a row for supervised fine-tuning.</summary>
public sealed record SftFields
{
    /// <summary>The prompt, on which there is no loss.</summary>
    public string Prompt { get; init; } = "prompt";

    /// <summary>The response to learn.</summary>
    public string Response { get; init; } = "response";

    /// <summary>The whole text, in rows that have this instead of prompt and response: every token is learned.</summary>
    public string Text { get; init; } = "text";

    internal void Validate()
    {
        Require.NotBlank(Prompt, nameof(Prompt));
        Require.NotBlank(Response, nameof(Response));
        Require.NotBlank(Text, nameof(Text));
    }
}
