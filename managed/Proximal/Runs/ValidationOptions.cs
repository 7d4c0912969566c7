using Proximal.Configuration;
using Proximal.Data;

namespace Proximal.Runs;

/// <summary>How a run measures itself on prompts it does not train on. The start model is measured too, as step 0.</summary>
public sealed record ValidationOptions
{
    /// <summary>A file of JSON, CSV or Parquet rows, or a .txt file with a prompt a line; a folder of them, or a pattern such as <c>data/*.jsonl</c>.</summary>
    /// <remarks>They have the form that the run's prompts have (<c>prompts.format</c>, <c>prompts.apply_chat_template</c>). See <see cref="PromptFile"/>.</remarks>
    [ConfigurationPath]
    [ChangeableOnResume]
    public required string Prompts { get; init; }

    /// <summary>The field of a row that holds the prompt, a text or a list of messages. Rows without <c>prompt</c> may have <c>messages</c>.</summary>
    public string Field { get; init; } = PromptFile.DefaultField;

    /// <summary>Responses to each prompt; at least 1.</summary>
    public int Samples { get; init; } = 4;

    /// <summary>Steps from one validation to the next; at least 1. The last step is always measured.</summary>
    [ChangeableOnResume]
    public int Every { get; init; } = 10;
}
