using System.Globalization;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary>Says what came of <c>pretrain</c>, <c>sft</c> or <c>rm</c>.</summary>
internal static class SupervisedSession
{
    /// <summary>Prints the summary, and the run folder on standard output.</summary>
    public static void Conclude(CliHost host, SupervisedRunResult result)
    {
        foreach (string line in result.WasFinished ? FinishedLines(result) : Lines(result))
        {
            host.Log(line);
        }

        host.Print($"{result.Folder}\n");
    }

    private static IEnumerable<string> FinishedLines(SupervisedRunResult result) =>
        ["the run is finished: nothing was left to do", $"model:      {result.ModelFolder}", $"run folder: {result.Folder}"];

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
