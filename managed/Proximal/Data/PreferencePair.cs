using Proximal.ChatTemplates;

namespace Proximal.Data;

/// <summary>Two answers to a prompt, of which one is better.</summary>
public sealed record PreferencePair
{
    /// <summary>The prompt; of conversations: the JSON of the messages that both begin with.</summary>
    public string Prompt { get; init; } = string.Empty;

    /// <summary>The better answer; of conversations: the JSON of its messages.</summary>
    public string Chosen { get; init; } = string.Empty;

    /// <summary>The worse answer; of conversations: the JSON of its messages.</summary>
    public string Rejected { get; init; } = string.Empty;

    /// <summary>Prompt and better answer as a conversation, whose text the model's chat template writes; <see langword="null"/>: the pair is of texts.</summary>
    public ChatRequest? ChosenConversation { get; init; }

    /// <summary>Prompt and worse answer as a conversation; given where <see cref="ChosenConversation"/> is.</summary>
    public ChatRequest? RejectedConversation { get; init; }

    /// <summary>By how much the better one should win; at least 0.</summary>
    public double Margin { get; init; }

    /// <summary>Prompt and better answer as the model gets them; empty until the pair is encoded.</summary>
    public int[] ChosenTokens { get; init; } = [];

    /// <summary>Prompt and worse answer as the model gets them; empty until the pair is encoded.</summary>
    public int[] RejectedTokens { get; init; } = [];

    /// <summary>The file it is from; <see langword="null"/>: none.</summary>
    public string? File { get; init; }

    /// <summary>Its line there, from 1.</summary>
    public int? Line { get; init; }

    /// <summary>Where it stands, such as <c>pairs.jsonl:12</c>; <see langword="null"/>: it is from no file.</summary>
    public string? Source => File is null ? null : $"{Path.GetFileName(File)}:{Line}";
}
