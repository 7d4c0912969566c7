using System.Globalization;
using System.Text;
using Proximal.Evaluation;
using Proximal.Reports;

namespace Proximal.WarmStories.Report;

/// <summary>The report of a demo as Markdown, without plots.</summary>
internal static class DemoMarkdown
{
    private const int StoriesShown = 4;

    public static string Write(DemoFigures figures)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {DemoTexts.Title}\n\n{Markdown.Line(string.Join(' ', DemoVerdicts.Lead(figures)))}\n");
        AppendWarm(text, figures);
        text.Append("\n## What happened\n\n");
        foreach ((int index, (string step, string what)) in DemoTexts.Steps(figures).Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"{index + 1}. **{Markdown.Line(step)}** {Markdown.Line(what)}\n");
        }

        text.Append("\n## Did it work?\n\n");
        AppendTable(text, DemoTexts.Table(figures));
        text.Append(CultureInfo.InvariantCulture, $"\nRewards are in standard deviations of the fine-tuned model's stories. In brackets: 95 % intervals over prompts.\n\n{Markdown.Line(DemoTexts.Scorers(figures))}\n");
        AppendParagraphs(text, DemoVerdicts.Base(figures));
        text.Append("\n## Stories before and after\n");
        foreach (EvaluationPair pair in PairChoice.Even(figures.Evaluation.Pairs, StoriesShown).Prepend(figures.Typical))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{Markdown.Line(pair.PromptText)}\n\nBefore, reward {DemoLines.Plus(pair.Baseline.Score!.Value)}, judge {DemoLines.Plus(pair.Baseline.JudgeScore!.Value)}:\n\n{Markdown.Block(pair.Baseline.Text.Trim())}");
            text.Append(CultureInfo.InvariantCulture, $"\nAfter, reward {DemoLines.Plus(pair.Model.Score!.Value)}, judge {DemoLines.Plus(pair.Model.JudgeScore!.Value)}:\n\n{Markdown.Block(pair.Model.Text.Trim())}");
        }

        text.Append("\n## Which reference?\n\n");
        AppendTable(text, DemoTexts.ReferenceTable(figures));
        AppendParagraphs(text, DemoVerdicts.Reference(figures));
        text.Append("\n## Is the reward being gamed?\n\n| step | KL | reward model | judge |\n|---:|---:|---:|---:|\n");
        foreach ((int step, double kl, double reward, double judge) in DemoCurves.AlongTheRun(figures.Ppo))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {step} | {kl:0.0} | {DemoLines.Plus(reward)} | {DemoLines.Plus(judge)} |\n");
        }

        AppendParagraphs(text, DemoVerdicts.Gaming(figures));
        text.Append("\n## Limits\n\n");
        foreach (string limit in DemoTexts.Limits)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Markdown.Line(limit)}\n");
        }

        return text.ToString();
    }

    private static void AppendWarm(StringBuilder text, DemoFigures figures)
    {
        text.Append("\n## What \"warm\" means here\n\n");
        foreach ((string part, string meaning) in DemoTexts.Warm)
        {
            text.Append(CultureInfo.InvariantCulture, $"- **{Markdown.Line(part)}**: {Markdown.Line(meaning)}\n");
        }

        text.Append("\n| what the other story of a pair lacks | pairs |\n|---|---:|\n");
        foreach (IGrouping<string, DemoTriple> group in figures.Data.All.GroupBy(triple => triple.Lacks).OrderByDescending(group => group.Count()))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {Markdown.Line(DemoTexts.Lacks.GetValueOrDefault(group.Key, group.Key))} | {group.Count()} |\n");
        }
    }

    private static void AppendTable(StringBuilder text, IEnumerable<IReadOnlyList<string>> rows)
    {
        foreach ((int index, IReadOnlyList<string> row) in rows.Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row.Select(Markdown.Line))} |\n");
            text.Append(index == 0 ? $"|---{string.Concat(Enumerable.Repeat("|---:", row.Count - 1))}|\n" : string.Empty);
        }
    }

    private static void AppendParagraphs(StringBuilder text, IEnumerable<string> sentences)
    {
        foreach (string sentence in sentences)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{Markdown.Line(sentence)}\n");
        }
    }
}
