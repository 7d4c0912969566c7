using Proximal.ChatTemplates;

namespace Proximal.Data;

/// <summary>One example of supervised fine-tuning: a prompt and a response, a text that is learned as a whole, or a conversation.</summary>
public sealed record SftExample
{
    /// <summary>The prompt; <see langword="null"/>: every token of the response is learned as a text.</summary>
    public string? Prompt { get; init; }

    /// <summary>The response, or the text.</summary>
    public string Response { get; init; } = string.Empty;

    /// <summary>The conversation, whole, whose text the model's chat template writes; <see langword="null"/>: the example is of texts.</summary>
    public ChatRequest? Conversation { get; init; }

    /// <summary>How many of the conversation's messages are a prompt: of them nothing is learned.</summary>
    public int PromptMessages { get; init; }

    /// <summary>Prompt and response as the model gets them; empty until the example is encoded.</summary>
    public int[] Tokens { get; init; } = [];

    /// <summary>How many of the tokens are the prompt's: there is no loss on them. 0: on every token but the first, which nothing comes before.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Per token whether it is learned, for conversations; empty: all behind the prompt's are.</summary>
    public bool[] Learned { get; init; } = [];

    /// <summary>The file it is from; <see langword="null"/>: none.</summary>
    public string? File { get; init; }

    /// <summary>Its line there, from 1.</summary>
    public int? Line { get; init; }

    /// <summary>Where it stands, such as <c>rows.jsonl:12</c>; <see langword="null"/>: it is from no file.</summary>
    public string? Source => File is null ? null : $"{Path.GetFileName(File)}:{Line}";

    /// <summary>Tokens that are learned.</summary>
    /// <remarks>The first token is never one: nothing comes before it.</remarks>
    public int TargetTokens => Learned.Length > 0 ? Learned.Skip(1).Count(learned => learned) : Tokens.Length - Math.Max(1, PromptTokens);

    /// <summary>What must not be on both sides of a split: the prompt, a text learned as a whole, or what is said before the first answer to learn.</summary>
    internal string SplitKey => Conversation is { } conversation
        ? ChatMessages.First(
            conversation.Messages,
            PromptMessages > 0 ? PromptMessages : conversation.Messages.EnumerateArray().TakeWhile(message => !ChatMessages.IsAssistants(message)).Count()).GetRawText()
        : Prompt ?? Response;
}
