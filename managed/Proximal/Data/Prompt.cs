using System.Text.Json;
using Proximal.ChatTemplates;

namespace Proximal.Data;

/// <summary>One prompt.</summary>
public sealed record Prompt
{
    /// <summary>The text, of a conversation as the model's chat template writes it; <see langword="null"/>: only tokens or messages are known.</summary>
    public string? Text { get; init; }

    /// <summary>The conversation to answer, with the assistant's turn opened; <see langword="null"/>: the prompt is a text.</summary>
    public ChatRequest? Conversation { get; init; }

    /// <summary>The tokens, as the model gets them; empty until the prompt is encoded.</summary>
    public int[] Tokens { get; init; } = [];

    /// <summary>The file it is from; <see langword="null"/>: none.</summary>
    public string? File { get; init; }

    /// <summary>Its line there, from 1.</summary>
    public int? Line { get; init; }

    /// <summary>The whole row of a JSONL file.</summary>
    public JsonElement? Metadata { get; init; }

    /// <summary>Where it stands, such as <c>prompts.jsonl:12</c>; <see langword="null"/>: it is from no file.</summary>
    public string? Source => File is null ? null : $"{Path.GetFileName(File)}:{Line}";
}
