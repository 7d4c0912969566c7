namespace Proximal.Data.Checking;

/// <summary>Tells what data for a run are like and what is wrong with them, before the run.</summary>
/// <remarks>
/// <para>Reads .jsonl, .ndjson and .json rows and .txt prompts in one pass. Rows that cannot be read are told and counted, and the others are
/// measured. What is kept of a row is some keys of 16 bytes, and the words of at most 20,000 rows; a .json array is held as a whole.</para>
/// <para>Words, lengths and the rules that predict preferences are defined in DATA-CHECK.md beside this file. The result depends on
/// nothing but the files and the options.</para>
/// </remarks>
public static class DataCheck
{
    /// <summary>Checks a file.</summary>
    /// <param name="path">A .jsonl, .ndjson, .json or .txt file.</param>
    /// <param name="options">What to look at; <see langword="null"/>: what can be looked at without further files.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <exception cref="DataFileException">The file is missing, cannot be read or has another ending.</exception>
    public static DataReport Run(string path, DataCheckOptions? options = null, CancellationToken cancellationToken = default) =>
        Run([path], options, null, cancellationToken);

    /// <summary>Checks files of rows of one kind together, each a split of its own unless the rows name theirs.</summary>
    /// <param name="paths">At least one .jsonl, .ndjson, .json or .txt file.</param>
    /// <param name="options">What to look at; <see langword="null"/>: what can be looked at without further files.</param>
    /// <param name="progress">Receives the number of rows read so far, now and then, on the caller's thread if it calls back there.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <exception cref="DataFileException">A file is missing, cannot be read or has another ending.</exception>
    public static DataReport Run(
        IReadOnlyList<string> paths, DataCheckOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (paths.Count == 0)
        {
            throw new ArgumentException("No file is named: give at least one.", nameof(paths));
        }

        options ??= new DataCheckOptions();
        options.Validate();
        return new DataChecker(paths, options, progress, cancellationToken).Run();
    }
}
