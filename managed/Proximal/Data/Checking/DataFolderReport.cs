namespace Proximal.Data.Checking;

/// <summary>What a check of a folder found.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Sets">The data in it: each file, or the shards and splits of one, on its own.</param>
/// <param name="PassedOver">The files that are not data, and why.</param>
public sealed record DataFolderReport(string Folder, IReadOnlyList<DataReport> Sets, IReadOnlyList<PassedOverFile> PassedOver)
{
    /// <summary>How many errors there are.</summary>
    public long Errors => Sets.Sum(set => set.Errors);

    /// <summary>How many warnings there are.</summary>
    public long Warnings => Sets.Sum(set => set.Warnings);
}
