using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Proximal.Data;
using Proximal.Diagnostics;
using Proximal.Reports;

namespace Proximal.Runs;

/// <summary>Keeps the files of a run folder that say what became of the run: summary.json from the start, the report at the end.</summary>
internal sealed partial class RunReporter
{
    private readonly RunSummary _summary;
    private readonly TimeProvider _time;
    private readonly ILogger? _logger;

    /// <param name="summary">What is known of the run before its first step.</param>
    /// <param name="time">Says when it ended.</param>
    /// <param name="logger">Is told when the report cannot be written; <see langword="null"/>: nobody.</param>
    public RunReporter(RunSummary summary, TimeProvider time, ILogger? logger)
    {
        _summary = summary;
        _time = time;
        _logger = logger;
    }

    /// <summary>Does the work of a run, and writes its summary and report however it ends.</summary>
    /// <param name="folder">The run folder; a summary that it has keeps its start: the run goes on.</param>
    /// <param name="work">The run. What it throws, this throws.</param>
    public async Task<T> AroundAsync<T>(string folder, Func<Task<T>> work)
    {
        RunSummary running = RunSummary.Read(folder) is { } earlier ? _summary with { Started = earlier.Started } : _summary;
        running.With(MetricsReader.Read(folder)).Write(folder);
        using Activity? activity = Activities.StartRun(_summary.Kind, folder);
        T result;
        try
        {
            result = await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException cancelled)
        {
            activity.Fail(cancelled);
            Conclude(folder, running with { State = RunState.Interrupted });
            throw;
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            Conclude(folder, running with { State = RunState.Failed, Message = failure.Message });
            throw;
        }

        Conclude(folder, running with { State = RunState.Finished });
        return result;
    }

    /// <summary>A report that cannot be written (a full disk, say) must neither hide why the run ended nor spoil one that succeeded.</summary>
    private void Conclude(string folder, RunSummary summary)
    {
        try
        {
            (summary with { Ended = _time.GetUtcNow() }).With(MetricsReader.Read(folder)).Write(folder);
            RunReport.Write(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or DataFileException)
        {
            if (_logger is not null)
            {
                NoReport(_logger, folder, failure.Message);
            }
        }
    }

    [LoggerMessage(
        EventId = 11,
        Level = LogLevel.Warning,
        Message = "The report of {Folder} could not be written: {Reason} The run itself is complete up to its last step; `proximal report` writes it again.")]
    private static partial void NoReport(ILogger logger, string folder, string reason);
}
