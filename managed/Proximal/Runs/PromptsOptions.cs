using Proximal.Configuration;
using Proximal.Data;

namespace Proximal.Runs;

/// <summary>The prompts of a run.</summary>
public sealed record PromptsOptions
{
    /// <summary>A .jsonl, .ndjson or .txt file, see <see cref="PromptFile"/>.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public required string Path { get; init; }

    /// <summary>The field of a JSONL row that holds the prompt.</summary>
    public string Field { get; init; } = PromptFile.DefaultField;
}
