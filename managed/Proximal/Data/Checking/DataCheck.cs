using Proximal.Data.Sources;

namespace Proximal.Data.Checking;

/// <summary>Tells what data for a run are like and what is wrong with them, before the run.</summary>
/// <remarks>
/// <para>Reads rows of JSON, CSV and Parquet and .txt prompts in one pass. Rows that cannot be read are told and counted, and the others are
/// measured. What is kept of a row is some keys of 16 bytes, and the words of at most 20,000 rows.</para>
/// <para>Words, lengths and the rules that predict preferences are defined in DATA-CHECK.md beside this file. The result depends on
/// nothing but the files and the options.</para>
/// </remarks>
public static class DataCheck
{
    /// <summary>Checks a file, or those that fit a pattern.</summary>
    /// <param name="path">A file of JSON, CSV or Parquet rows, or a .txt file of prompts.</param>
    /// <param name="options">What to look at; <see langword="null"/>: what can be looked at without further files.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <exception cref="DataFileException">The file is missing, cannot be read or has another ending.</exception>
    public static DataReport Run(string path, DataCheckOptions? options = null, CancellationToken cancellationToken = default) =>
        Run([path], options, null, cancellationToken);

    /// <summary>Checks files of rows of one kind together, each a split of its own unless the rows name theirs.</summary>
    /// <param name="paths">At least one file of JSON, CSV or Parquet rows, or a .txt file of prompts.</param>
    /// <param name="options">What to look at; <see langword="null"/>: what can be looked at without further files.</param>
    /// <param name="progress">Receives the number of rows read so far, now and then, on the caller's thread if it calls back there.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <exception cref="DataFileException">A file is missing, cannot be read or has another ending.</exception>
    public static DataReport Run(
        IReadOnlyList<string> paths, DataCheckOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        Run(paths, options, progress, affected: null, cancellationToken);

    /// <summary>Checks the data files of a folder: each on its own, but shards and splits (train, test, validation) of the same data together.</summary>
    /// <param name="folder">The folder; those within it are looked into.</param>
    /// <param name="options">What to look at; <see langword="null"/>: what can be looked at without further files.</param>
    /// <param name="progress">Receives the number of rows read so far in the data at hand, now and then.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <exception cref="DataFileException">The folder is not there, holds no file, or a file in it cannot be read.</exception>
    public static DataFolderReport RunFolder(
        string folder, DataCheckOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        RunFolder(folder, options, progress, affected: null, cancellationToken);

    internal static DataReport Run(
        IReadOnlyList<string> paths, DataCheckOptions? options, IProgress<long>? progress, Action<DataProblemKind, Place>? affected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (paths.Count == 0)
        {
            throw new ArgumentException("No file is named: give at least one.", nameof(paths));
        }

        options ??= new DataCheckOptions();
        options.Validate();
        return new DataChecker(paths, paths.Count > 1 ? file => file : null, options, progress, affected, cancellationToken).Run();
    }

    internal static DataFolderReport RunFolder(
        string folder, DataCheckOptions? options, IProgress<long>? progress, Action<DataProblemKind, Place>? affected, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new DataCheckOptions();
        options.Validate();
        if (!Directory.Exists(folder))
        {
            throw new DataFileException(folder, null, "there is no such folder: check the path");
        }

        (IReadOnlyList<IReadOnlyList<RowFile>> sets, IReadOnlyList<string> others) = DataSets.Of(folder);
        var reports = new List<DataReport>();
        var passed = new List<PassedOverFile>();
        foreach (IReadOnlyList<RowFile> set in sets)
        {
            if (set.Count == 1 && OtherFiles.Lexicon(set[0]) is { } lexicon)
            {
                passed.Add(new PassedOverFile(set[0].Path, lexicon));
                continue;
            }

            DataReport report = new DataChecker(
                [.. set.Select(file => file.Path)], set.Count > 1 ? DataSets.SplitOf : null, options, progress, affected, cancellationToken).Run();
            if (report.Shape is null && set.Count == 1 && MayBeOther(set[0]))
            {
                passed.Add(new PassedOverFile(set[0].Path, report.Problems.Count > 0 ? report.Problems[0].Message : "it has no rows of a known kind"));
            }
            else
            {
                reports.Add(report);
            }
        }

        passed.AddRange(others.Select(file => new PassedOverFile(file, OtherFiles.Reason(file))));
        return new DataFolderReport(folder, reports, passed);
    }

    /// <summary>Files of such endings hold other things too, such as a model's configuration.</summary>
    private static bool MayBeOther(RowFile file) => file.Kind is RowFileKind.Json or RowFileKind.Csv or RowFileKind.Tsv or RowFileKind.Text;
}
