using Proximal.Configuration;
using Proximal.Data;

namespace Proximal.Runs;

/// <summary>The prompts of a run.</summary>
public sealed record PromptsOptions
{
    /// <summary>A .jsonl or .ndjson file of rows, or a .txt file with a prompt a line.</summary>
    /// <remarks>See <see cref="PromptFile"/>.</remarks>
    [ConfigurationPath]
    [ChangeableOnResume]
    public required string Path { get; init; }

    /// <summary>The field of a JSONL row that holds the prompt, a text or a list of messages. Rows without <c>prompt</c> may have <c>messages</c>.</summary>
    public string Field { get; init; } = PromptFile.DefaultField;
}
