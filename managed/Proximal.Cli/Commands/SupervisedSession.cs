using System.Globalization;
using Proximal.Cli.Terminal;
using Proximal.Runs;
using Proximal.Training.Supervised;

namespace Proximal.Cli.Commands;

/// <summary>Runs <c>sft</c> or <c>rm</c> under a view and says what came of it.</summary>
internal static class SupervisedSession
{
    /// <summary>Runs the work; an interruption says what is left.</summary>
    public static async Task<SupervisedRunResult> RunAsync(
        RunOptions options,
        IProgressView view,
        IReadOnlyList<(string Title, string Metric, string Format)> columns,
        Func<IProgress<SupervisedProgress>, Task<SupervisedRunResult>> work,
        CancellationToken cancellation)
    {
        var table = new SupervisedView(view, columns);
        try
        {
            return await work(table).ConfigureAwait(false);
        }
        catch (OperationCanceledException failure) when (cancellation.IsCancellationRequested)
        {
            throw new CommandException(
                ExitCode.Interrupted,
                table.Steps == 0
                    ? "interrupted before the first step was committed"
                    : $"interrupted after step {table.Steps}; {options.Output} keeps the metrics of the steps, but no model",
                failure);
        }
    }

    /// <summary>Prints the summary, and the run folder on standard output.</summary>
    public static void Conclude(CliHost host, SupervisedRunResult result)
    {
        foreach (string line in Lines(result))
        {
            host.Log(line);
        }

        host.Print($"{result.Folder}\n");
    }

    private static IEnumerable<string> Lines(SupervisedRunResult result)
    {
        foreach ((string note, int index) in result.Notes.Select((note, index) => (note, index)))
        {
            yield return $"{(index == 0 ? "data:" : string.Empty),-12}{note}";
        }

        yield return string.Create(CultureInfo.InvariantCulture, $"steps:      {result.Steps}");
        if (result.BestStep is { } best)
        {
            string accuracy = result.BestMetrics.TryGetValue("validation/accuracy", out double share)
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $", accuracy {share:F3} (95 %: {result.BestMetrics["validation/accuracy_low"]:F3} to {result.BestMetrics["validation/accuracy_high"]:F3})")
                : string.Empty;
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"best:       step {best}, validation loss {result.BestMetrics["validation/loss"]:F4}{accuracy}; the model has its weights");
        }

        if (result.Normalization is { } normalization)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"scores:     mean {normalization.Mean:F4}, standard deviation {normalization.StandardDeviation:F4} over {normalization.Count} {normalization.Source}");
        }

        yield return $"model:      {result.ModelFolder}";
        yield return $"run folder: {result.Folder}";
    }
}
