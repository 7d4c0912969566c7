using System.Text.Json;
using Proximal.Rollouts;

namespace Proximal.Rewards;

/// <summary>One response to score.</summary>
public sealed record RewardRow
{
    private readonly string? _promptText;
    private readonly string? _responseText;

    /// <summary>The prompt's tokens.</summary>
    public required int[] PromptTokens { get; init; }

    /// <summary>The response's tokens, a stop token included.</summary>
    public required int[] ResponseTokens { get; init; }

    /// <summary>Why the response ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>The prompt as text.</summary>
    /// <exception cref="InvalidOperationException">There is no tokenizer, so there is no text.</exception>
    public string PromptText
    {
        get => _promptText ?? throw NoText();
        init => _promptText = value;
    }

    /// <summary>The response as text, without special tokens.</summary>
    /// <exception cref="InvalidOperationException">There is no tokenizer, so there is no text.</exception>
    public string ResponseText
    {
        get => _responseText ?? throw NoText();
        init => _responseText = value;
    }

    /// <summary>The prompt's whole row of a JSONL file; <see langword="null"/>: it came from elsewhere.</summary>
    public JsonElement? Metadata { get; init; }

    /// <summary>Where the prompt stands, such as <c>prompts.jsonl:12</c>; <see langword="null"/>: unknown.</summary>
    public string? Source { get; init; }

    private static InvalidOperationException NoText() =>
        new("The reward reads text, but the trainer has no tokenizer: give it one, or score tokens.");
}
