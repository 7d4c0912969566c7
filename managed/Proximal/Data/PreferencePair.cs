namespace Proximal.Data;

/// <summary>Two answers to a prompt, of which one is better.</summary>
public sealed record PreferencePair
{
    /// <summary>The prompt.</summary>
    public string Prompt { get; init; } = string.Empty;

    /// <summary>The better answer.</summary>
    public string Chosen { get; init; } = string.Empty;

    /// <summary>The worse answer.</summary>
    public string Rejected { get; init; } = string.Empty;

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
