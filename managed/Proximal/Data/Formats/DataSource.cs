namespace Proximal.Data.Formats;

/// <summary>Files of rows, and what is said of them.</summary>
/// <param name="Path">A file, a folder, a pattern, or a <c>dataset_info.json</c> or its folder with <see cref="Dataset"/>.</param>
internal sealed record DataSource(string Path)
{
    /// <summary>The form of the rows.</summary>
    public DataFormat Format { get; init; }

    /// <summary>The name of a data set that <c>dataset_info.json</c> describes; <see langword="null"/>: the path names the files.</summary>
    public string? Dataset { get; init; }

    /// <summary>Texts become messages that the chat template writes; <see langword="null"/>: as the format has it.</summary>
    public bool? ApplyChatTemplate { get; init; }

    /// <summary>Receives what is wrong with rows that are left out; <see langword="null"/>: the first of them ends the reading.</summary>
    public Action<DataFileException>? Unusable { get; init; }

    /// <summary>The names of fields that were given.</summary>
    public RowNames Names { get; init; } = RowNames.None;
}
