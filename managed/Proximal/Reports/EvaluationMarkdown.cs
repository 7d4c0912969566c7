using System.Globalization;
using System.Text;
using Proximal.Evaluation;

namespace Proximal.Reports;

/// <summary>An evaluation as Markdown.</summary>
internal static class EvaluationMarkdown
{
    private const int PairsShown = 6;

    public static string Write(EvaluationReport report)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {Markdown.Line(report.ModelLabel)} against {Markdown.Line(report.BaselineLabel)}\n\n");
        text.Append(Markdown.Line(string.Join(' ', EvaluationStory.Sentences(report.Result)))).Append("\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", EvaluationTable.Header(report).Select(Markdown.Line))} |\n|---|---:|---:|---:|\n");
        foreach (IReadOnlyList<string> row in EvaluationTable.Rows(report.Result))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row.Select(Markdown.Line))} |\n");
        }

        text.Append("\nIn brackets: 95 % intervals over prompts (bootstrap).\n\n## The same prompt, both models\n");
        foreach (EvaluationPair pair in PairChoice.Even(report.Result.Pairs, PairsShown))
        {
            text.Append(CultureInfo.InvariantCulture, $"\nPrompt {pair.Prompt + 1}:\n\n").Append(Markdown.Block(pair.PromptText));
            AppendResponse(text, report.BaselineLabel, pair.Baseline);
            AppendResponse(text, report.ModelLabel, pair.Model);
        }

        return text.ToString();
    }

    private static void AppendResponse(StringBuilder text, string label, EvaluationResponse response)
    {
        string score = response.Score is { } value ? $", reward {Figures.Short(value)}" : string.Empty;
        text.Append(CultureInfo.InvariantCulture, $"\n{Markdown.Line(label)}{score}:\n\n").Append(Markdown.Block(response.Text));
    }
}
