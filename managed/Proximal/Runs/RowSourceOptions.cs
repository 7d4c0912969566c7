using Proximal.Configuration;
using Proximal.Data;
using Proximal.Data.Formats;
using Proximal.Internal;
using Proximal.Runs.Checkpoints;

namespace Proximal.Runs;

/// <summary>Where rows are, and what form they have there.</summary>
public abstract record RowSourceOptions
{
    /// <summary>A file of JSON, CSV or Parquet rows, a folder of them, or a pattern such as <c>data/train-*.parquet</c>; prompts also a .txt file with one a line.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public string? Path { get; init; }

    /// <summary>Several of them, in place of one path.</summary>
    public IReadOnlyList<DataSourceOptions> Sources { get; init; } = [];

    /// <summary>How long an epoch is where the sources have weights.</summary>
    public SourceMixing Mixing { get; init; }

    /// <summary>The form of the rows. ROWS.md shows each.</summary>
    [ChangeableOnResume]
    public DataFormat Format { get; init; }

    /// <summary>The name of a data set in a <c>dataset_info.json</c>, which the path leads to; <see langword="null"/>: the path leads to the rows.</summary>
    [ChangeableOnResume]
    public string? Dataset { get; init; }

    /// <summary>
    /// Whether texts become messages, which the model's chat template writes; <see langword="null"/>: those of alpaca do, other ones
    /// stay texts. Rows of messages are messages in any case.
    /// </summary>
    [ChangeableOnResume]
    public bool? ApplyChatTemplate { get; init; }

    /// <summary>What happens to rows that cannot be used, such as one whose answer is empty.</summary>
    public UnusableRows Unusable { get; init; }

    /// <summary>The paths, for messages.</summary>
    internal string PathNames => Path ?? string.Join(", ", Sources.Select(source => source.Path));

    /// <summary>The last parts of the paths, for messages.</summary>
    internal string FileNames => string.Join(", ", (Path is { } path ? [path] : Sources.Select(source => source.Path)).Select(System.IO.Path.GetFileName));

    /// <summary>Throws unless it names sources.</summary>
    internal virtual void Validate()
    {
        Require.NotNull(Sources);
        if (Path is null == (Sources.Count == 0))
        {
            throw new ArgumentException(
                "Expected either path (a file, a folder or a pattern) or sources (a list of them): give one of them.", Path is null ? string.Empty : nameof(Sources));
        }

        if (Path is { } path)
        {
            Require.NotBlank(path, nameof(Path));
        }

        foreach (DataSourceOptions source in Sources)
        {
            source.Validate();
        }

        int weights = Sources.Count(source => source.Weight is not null);
        if (weights != 0 && weights != Sources.Count)
        {
            throw new ArgumentException("Some sources have a weight and some have none: give all of them one, or none.", nameof(Sources));
        }

        Require.Defined(Format);
        Require.Defined(Mixing);
        Require.Defined(Unusable);
        if (Dataset is not null && Path is null)
        {
            throw new ArgumentException("A data set is looked for at path: with sources, give each its own dataset.", nameof(Dataset));
        }
    }

    /// <summary>The sources as they are read.</summary>
    /// <param name="resolve">Makes a path absolute.</param>
    /// <param name="names">The names of fields that were given.</param>
    internal IReadOnlyList<DataSource> Open(Func<string, string> resolve, RowNames names) => Path is { } path
        ? [Source(resolve(path), Format, Dataset, names)]
        : [.. Sources.Select(source => Source(resolve(source.Path), source.Format ?? Format, source.Dataset, names))];

    /// <summary>Another path, whose rows have the same form.</summary>
    internal DataSource Like(string path, RowNames names) => Source(path, Format, null, names);

    private DataSource Source(string path, DataFormat format, string? dataset, RowNames names) =>
        new(path) { Format = format, Dataset = dataset, ApplyChatTemplate = ApplyChatTemplate, Names = names };
}
