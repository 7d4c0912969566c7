using System.Text.Json;

namespace Proximal.Data;

/// <summary>One prompt.</summary>
public sealed record Prompt
{
    /// <summary>The text; <see langword="null"/>: only tokens are known.</summary>
    public string? Text { get; init; }

    /// <summary>The tokens, as the model gets them; empty until the prompt is encoded.</summary>
    public int[] Tokens { get; init; } = [];

    /// <summary>Where it stands, such as <c>prompts.jsonl:12</c>; <see langword="null"/>: it is from no file.</summary>
    public string? Source { get; init; }

    /// <summary>The whole row of a JSONL file.</summary>
    public JsonElement? Metadata { get; init; }
}
