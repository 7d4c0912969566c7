using System.Globalization;
using System.Text;
using Proximal.Runs;

namespace Proximal.Reports;

/// <summary>The report as Markdown, for terminals, pull requests and mail.</summary>
internal static class RunReportMarkdown
{
    public static string Write(RunData run, ReportSamples samples)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {RunStory.KindOf(run)} {Markdown.Line(run.Name)}\n\n");
        text.Append(Markdown.Line(string.Join(' ', RunStory.Sentences(run)))).Append("\n\n");
        text.Append("| metric | first | last | lowest | highest |\n|---|---:|---:|---:|---:|\n");
        foreach (Curve curve in run.Curves.Values)
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{curve.Name}` | {Figures.Short(curve.First)} | {Figures.Short(curve.Last)} ");
            text.Append(CultureInfo.InvariantCulture, $"| {Figures.Short(curve.Min)} | {Figures.Short(curve.Max)} |\n");
        }

        if (run.Summary is { Data.Count: > 0 } summary)
        {
            text.Append("\n## What was read\n\n").Append(string.Concat(summary.Data.Select(note => $"- {Markdown.Line(note)}\n")));
        }

        text.Append("\n## What looks wrong\n\n");
        if (run.Warnings.Count == 0)
        {
            text.Append(RunStory.NothingWrong(run)).Append('\n');
        }

        foreach (WarningSummary warning in run.Warnings)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Markdown.Line(warning.Text)} ({RunStory.Steps(warning)})\n");
        }

        if (samples.Pairs.Count > 0)
        {
            text.Append(samples.SamePrompt ? "\n## The same prompt, early and late\n" : "\n## Early and late\n");
        }

        foreach ((RunSample early, RunSample late) in samples.Pairs)
        {
            AppendSample(text, early);
            AppendSample(text, late);
        }

        return text.ToString();
    }

    private static void AppendSample(StringBuilder text, RunSample sample)
    {
        text.Append(CultureInfo.InvariantCulture, $"\nStep {sample.Step}, score {Figures.Short(sample.Score)}, KL {Figures.Short(sample.Kl)}:\n\n");
        text.Append(Markdown.Block($"{sample.Prompt} {sample.Response}"));
    }
}
