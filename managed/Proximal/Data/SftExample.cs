namespace Proximal.Data;

/// <summary>One example of supervised fine-tuning: a prompt and a response, or a text that is learned as a whole.</summary>
public sealed record SftExample
{
    /// <summary>The prompt; <see langword="null"/>: every token of the response is learned as a text.</summary>
    public string? Prompt { get; init; }

    /// <summary>The response, or the text.</summary>
    public string Response { get; init; } = string.Empty;

    /// <summary>Prompt and response as the model gets them; empty until the example is encoded.</summary>
    public int[] Tokens { get; init; } = [];

    /// <summary>How many of the tokens are the prompt's: there is no loss on them. 0: on every token but the first, which nothing comes before.</summary>
    public int PromptTokens { get; init; }

    /// <summary>The file it is from; <see langword="null"/>: none.</summary>
    public string? File { get; init; }

    /// <summary>Its line there, from 1.</summary>
    public int? Line { get; init; }

    /// <summary>Where it stands, such as <c>rows.jsonl:12</c>; <see langword="null"/>: it is from no file.</summary>
    public string? Source => File is null ? null : $"{Path.GetFileName(File)}:{Line}";

    /// <summary>Tokens that are learned.</summary>
    public int TargetTokens => Tokens.Length - Math.Max(1, PromptTokens);
}
