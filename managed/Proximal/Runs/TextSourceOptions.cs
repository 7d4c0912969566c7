using Proximal.Configuration;
using Proximal.Internal;
using Proximal.Runs.Checkpoints;

namespace Proximal.Runs;

/// <summary>A file of documents to pretrain on. In YAML <c>PATH</c> alone will do.</summary>
[ConfigurationShorthand(nameof(Path))]
public sealed record TextSourceOptions
{
    /// <summary>A file of JSON, CSV or Parquet rows, or a text file of any other name; a folder of them, or a pattern such as <c>data/*.jsonl.zst</c>.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public required string Path { get; init; }

    /// <summary>How often an epoch takes each of its documents; at least 1. So a small file can weigh more.</summary>
    public int Repeat { get; init; } = 1;

    internal void Validate()
    {
        Require.NotBlank(Path, nameof(Path));
        Require.AtLeast(Repeat, 1);
    }
}
