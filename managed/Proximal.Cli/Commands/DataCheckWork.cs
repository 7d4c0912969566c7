using Proximal.Data;
using Proximal.Data.Checking;
using Proximal.Data.Sources;
using Proximal.Internal;
using Proximal.Reports;

namespace Proximal.Cli.Commands;

/// <summary>Checks a folder or some files, and writes the copy that was asked for.</summary>
/// <param name="paths">One folder, or files and patterns.</param>
/// <param name="options">What to look at.</param>
/// <param name="fix">Where the copy goes; <see langword="null"/>: there is none.</param>
internal sealed class DataCheckWork(IReadOnlyList<string> paths, DataCheckOptions options, string? fix)
{
    private DataFolderReport? _folder;
    private DataReport? _report;

    /// <summary>The reports, one of each set of data.</summary>
    public IReadOnlyList<DataReport> Reports => _folder?.Sets ?? [_report!];

    /// <summary>Files that are not data.</summary>
    public IReadOnlyList<PassedOverFile> PassedOver => _folder?.PassedOver ?? [];

    /// <summary>What was written, in plain words.</summary>
    public IReadOnlyList<string> Copies { get; private set; } = [];

    /// <summary>How many errors there are.</summary>
    public long Errors => Reports.Sum(report => report.Errors);

    /// <summary>How many warnings there are.</summary>
    public long Warnings => Reports.Sum(report => report.Warnings);

    /// <summary>The whole result as JSON.</summary>
    public string Json => _folder is { } folder ? DataReportJson.Write(folder) : DataReportJson.Write(_report!);

    /// <summary>Does it.</summary>
    /// <returns>How many errors there are.</returns>
    public long Run(IProgress<long> progress, CancellationToken cancellation)
    {
        // A folder is asked for whole, or for a data set that is described there.
        string? folder = paths.Count == 1 && Directory.Exists(paths[0]) && options.Dataset is null ? paths[0] : null;
        var repair = new DataRepair();
        Action<DataProblemKind, Place>? wrong = fix is null ? null : repair.Add;
        string[] files = fix is null ? [] : [.. Files(folder)];
        if (fix is not null)
        {
            DataRepair.Require(fix, files);
        }

        if (folder is not null)
        {
            _folder = DataCheck.RunFolder(folder, options, progress, wrong, cancellation);
            files = [.. files.Where(file => _folder.Sets.Any(set => set.Files.Contains(file)))];
        }
        else
        {
            _report = DataCheck.Run(paths, options, progress, wrong, cancellation);
        }

        if (fix is not null)
        {
            Copies = repair.Write(fix, folder ?? Path.GetDirectoryName(Path.GetFullPath(files[0]))!, files);
        }

        return Errors;
    }

    /// <summary>Writes the page.</summary>
    public void WritePage(string path)
    {
        try
        {
            AtomicFile.WriteText(path, DataPage.Write($"Data: {string.Join(", ", paths)}", Reports, PassedOver));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"--html {path}: cannot be written; {failure.Message}", failure);
        }
    }

    private IEnumerable<string> Files(string? folder) => options.Dataset is not null
        ? throw new CommandException(ExitCode.Usage, "--fix copies files: name them instead of --dataset")
        : folder is not null ? DataFiles.InFolder(folder, texts: true).Select(file => file.Path)
        : paths.SelectMany(path => DataFiles.Of(path, "The data file", TextFiles.Txt)).Select(file => file.Path);
}
