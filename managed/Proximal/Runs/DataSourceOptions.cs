using Proximal.Configuration;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Runs.Checkpoints;

namespace Proximal.Runs;

/// <summary>Files of rows among others. In YAML <c>PATH</c> alone will do.</summary>
[ConfigurationShorthand(nameof(Path))]
public sealed record DataSourceOptions
{
    /// <summary>A file of JSON, CSV or Parquet rows, a folder of them, or a pattern such as <c>data/train-*.parquet</c>.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public required string Path { get; init; }

    /// <summary>
    /// The share of the rows of an epoch that are from here, in relation to the other sources' weights; above 0.
    /// <see langword="null"/>, for all sources: an epoch has every row once.
    /// </summary>
    public double? Weight { get; init; }

    /// <summary>The form of the rows; <see langword="null"/>: as of all sources.</summary>
    [ChangeableOnResume]
    public DataFormat? Format { get; init; }

    /// <summary>The name of a data set in a <c>dataset_info.json</c>, which the path leads to; <see langword="null"/>: the path leads to the rows.</summary>
    [ChangeableOnResume]
    public string? Dataset { get; init; }

    internal void Validate()
    {
        Require.NotBlank(Path, nameof(Path));
        if (Weight is { } weight)
        {
            Require.Positive(weight, nameof(Weight));
        }

        if (Format is { } format)
        {
            Require.Defined(format, nameof(Format));
        }
    }
}
