using Proximal.Configuration;
using Proximal.Data;

namespace Proximal.Runs;

/// <summary>The prompts of a run.</summary>
public sealed record PromptsOptions
{
    /// <summary>A file of JSON, CSV or Parquet rows, or a .txt file with a prompt a line; a folder of them, or a pattern such as <c>data/*.jsonl</c>.</summary>
    /// <remarks>See <see cref="PromptFile"/>.</remarks>
    [ConfigurationPath]
    [ChangeableOnResume]
    public required string Path { get; init; }

    /// <summary>The field of a row that holds the prompt, a text or a list of messages. Rows without <c>prompt</c> may have <c>messages</c>.</summary>
    public string Field { get; init; } = PromptFile.DefaultField;
}
