namespace Proximal.WarmStories;

/// <summary>What a finished demo left.</summary>
public sealed record DemoResult
{
    /// <summary>The folder, absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>The report's page.</summary>
    public required string Report { get; init; }

    /// <summary>What happened, in ten lines of plain words, each at most 80 characters.</summary>
    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>The beginning of a story.</summary>
    public required string Prompt { get; init; }

    /// <summary>How the fine-tuned model goes on.</summary>
    public required string Before { get; init; }

    /// <summary>How the model goes on after PPO.</summary>
    public required string After { get; init; }
}
