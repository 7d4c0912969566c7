using Proximal.Internal;

namespace Proximal.Data;

/// <summary>The fields of a preference row.</summary>
public sealed record PreferenceFields
{
    /// <summary>The prompt: a text or a list of messages; none where chosen and rejected are whole conversations.</summary>
    public string Prompt { get; init; } = "prompt";

    /// <summary>The better answer: a text, or the messages of the answer or of the whole conversation.</summary>
    public string Chosen { get; init; } = "chosen";

    /// <summary>The worse answer: of the same kind as the better one.</summary>
    public string Rejected { get; init; } = "rejected";

    /// <summary>By how much the better one should win; rows without the field: 0.</summary>
    public string Margin { get; init; } = "margin";

    internal void Validate()
    {
        Require.NotBlank(Prompt, nameof(Prompt));
        Require.NotBlank(Chosen, nameof(Chosen));
        Require.NotBlank(Rejected, nameof(Rejected));
        Require.NotBlank(Margin, nameof(Margin));
    }
}
