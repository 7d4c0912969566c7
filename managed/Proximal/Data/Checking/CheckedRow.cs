using Proximal.ChatTemplates;

namespace Proximal.Data.Checking;

/// <summary>A row that a run can use.</summary>
/// <param name="Place">Where it is.</param>
/// <param name="Texts">The texts in the order of the roles, of messages what they say; <see langword="null"/>: an example that is learned as a whole has no prompt.</param>
internal sealed record CheckedRow(Place Place, string?[] Texts)
{
    /// <summary>The name of its split; <see langword="null"/>: it names none.</summary>
    public string? Split { get; init; }

    /// <summary>Of preferences: the pair, as a run reads it.</summary>
    public PreferencePair? Pair { get; init; }

    /// <summary>Of examples and texts: the example, as a run reads it.</summary>
    public SftExample? Example { get; init; }

    /// <summary>Of prompts that are messages: the conversation to go on with.</summary>
    public ChatRequest? Conversation { get; init; }

    /// <summary>The prompt, or the text.</summary>
    public string Prompt => Texts[0] ?? Texts[1]!;

    /// <summary>Of preferences: both answers are the same.</summary>
    public bool IsIdentical => Pair is { } pair && pair.Chosen == pair.Rejected;
}
