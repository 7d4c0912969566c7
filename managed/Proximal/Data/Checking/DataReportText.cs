using System.Globalization;
using Proximal.Evaluation;
using Proximal.Reports;

namespace Proximal.Data.Checking;

/// <summary>A report in sentences and tables, for a terminal and a page alike.</summary>
internal static class DataReportText
{
    /// <summary>What the files are.</summary>
    public static IEnumerable<string> Summary(DataReport report)
    {
        yield return report.Shape is { } shape
            ? Text($"{string.Join(", ", report.Files)}: {NameOf(shape)}{FormOf(report.Format)}, {Number(report.Rows, "row")}, {Number(report.UsableRows, "usable one")}, {Number(report.Prompts, shape == DataShape.Texts ? "different text" : "different prompt")}")
            : Text($"{string.Join(", ", report.Files)}: {Number(report.Rows, "row")} of a kind that is not known");
        DataFieldReport[] renamed = [.. report.Fields.Where(field => field.IsToTell)];
        if (renamed.Length > 0)
        {
            yield return $"A run needs to be told its fields: {{{string.Join(", ", renamed.Select(field => $"{field.Role}: {field.Field}"))}}}";
        }

        if (report.Shape == DataShape.Judgements)
        {
            yield return Text($"{report.GoodAnswers} answers are labelled as good, {report.BadAnswers} as bad");
        }

        foreach (DataSplitReport split in report.Splits)
        {
            yield return Text($"split {split.Name}: {Number(split.Rows, "row")}, {Number(split.Prompts, "different prompt")}");
        }

        if (report.Tokens is { } tokens)
        {
            yield return Text($"at most {tokens.MaxTokens} tokens: {tokens.TooLong} of {Number(tokens.Rows, "row")} too long, {tokens.NoRoom} with a prompt that leaves no room");
        }

        if (report.Fields.Count > 0 && report.SampledRows < report.UsableRows)
        {
            yield return Text($"distinct-n and the words that tell were measured on {report.SampledRows} of the rows");
        }
    }

    /// <summary>What the cells of <see cref="Lengths"/> are.</summary>
    public static IReadOnlyList<string> LengthHeader { get; } = ["length", "least", "5 %", "25 %", "median", "mean", "75 %", "95 %", "most"];

    /// <summary>How long the texts are; empty without texts.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Lengths(DataReport report) =>
    [
        .. report.Fields.SelectMany(field => new[]
        {
            Length(field.Role, TextMeasures.WordUnit, field.Words),
            Length(field.Role, TextMeasures.CharacterUnit, field.Characters),
            Length(field.Role == Role.Prompt ? field.Role : report.Shape == DataShape.Texts ? field.Role : $"prompt + {field.Role}", TextMeasures.TokenUnit, field.Tokens),
        }).OfType<string[]>(),
    ];

    /// <summary>What the cells of <see cref="Variety"/> are.</summary>
    public static IReadOnlyList<string> VarietyHeader(DataReport report) =>
    [
        "words", "distinct-1", "distinct-2", "distinct-3", "distinct-4", .. report.Fields.Any(field => field.KnownWords is not null) ? ["in vocabulary"] : Array.Empty<string>(),
    ];

    /// <summary>How varied the texts are; empty without texts.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Variety(DataReport report) =>
    [
        .. report.Fields.Where(field => field.Words is not null).Select(field => (string[])
        [
            field.Role,
            .. field.Distinct.Select(value => Figures.Short(value ?? double.NaN)),
            .. field.KnownWords is { } known ? [Percent(known)] : Array.Empty<string>(),
        ]),
    ];

    /// <summary>What the cells of <see cref="Rules"/> are.</summary>
    public static IReadOnlyList<string> RuleHeader { get; } = ["what tells the chosen answer", "right [95 %]", "pairs"];

    /// <summary>How well simple rules tell what was chosen; empty where there is nothing to choose.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Rules(DataReport report) =>
    [
        .. report.LengthRules.Select(rule => (string[])
        [
            $"the longer one, by {rule.Unit}{(rule.Split is { } split ? $" ({split})" : string.Empty)}",
            EvaluationTable.Percent(rule.Accuracy),
            Text($"{rule.Longer} longer, {rule.Ties} as long, {rule.Shorter} shorter"),
        ]),
        .. report.WordRules.Select(rule => (string[])
        [
            rule.TestedOn is null ? "its words, five folds by prompt" : $"its words, from {rule.TrainedOn} to {rule.TestedOn}",
            EvaluationTable.Percent(rule.Accuracy),
            Text($"{rule.Pairs}"),
        ]),
    ];

    /// <summary>The words that the figures above come from.</summary>
    public static IEnumerable<string> TellingWords(DataReport report)
    {
        if (report.ChosenWords.Count > 0)
        {
            yield return $"words of chosen answers: {string.Join(", ", report.ChosenWords)}";
        }

        if (report.RejectedWords.Count > 0)
        {
            yield return $"words of rejected answers: {string.Join(", ", report.RejectedWords)}";
        }

        foreach (DataFieldReport field in report.Fields.Where(field => field.UnknownWords.Count > 0))
        {
            yield return $"not in the vocabulary, {field.Role}: {string.Join(", ", field.UnknownWords)}";
        }
    }

    /// <summary>What is wrong, a line each, and at the end how much is.</summary>
    public static IEnumerable<string> Problems(DataReport report)
    {
        foreach (DataProblemCount count in report.Counts)
        {
            DataProblem[] told = [.. report.Problems.Where(problem => problem.Kind == count.Kind)];
            foreach (DataProblem problem in told)
            {
                yield return $"{NameOf(count.Severity)}: {problem}";
            }

            if (told.Length < count.Count)
            {
                yield return Text($"{NameOf(count.Severity)}: {count.Count - told.Length} {(told.Length > 0 ? "more " : string.Empty)}of the kind {Words(count.Kind)}");
            }
        }

        yield return report.Counts.Count == 0
            ? "no problems"
            : Text($"{Number(report.Errors, "error")}, {Number(report.Warnings, "warning")}: {string.Join(", ", report.Counts.Select(count => $"{count.Count} {Words(count.Kind)}"))}");
    }

    private static string[]? Length(string role, string unit, LengthSummary? lengths) => lengths is null ? null :
    [
        $"{role}, {unit}", Text($"{lengths.Minimum}"), Text($"{lengths.Quantile5}"), Text($"{lengths.Quantile25}"), Text($"{lengths.Median}"),
        Text($"{lengths.Mean:0.0}"), Text($"{lengths.Quantile75}"), Text($"{lengths.Quantile95}"), Text($"{lengths.Maximum}"),
    ];

    private static string NameOf(DataShape shape) => shape switch
    {
        DataShape.Preferences => "preference pairs",
        DataShape.Examples => "prompts with responses",
        DataShape.Texts => "texts",
        DataShape.Judgements => "judged answers",
        _ => "prompts",
    };

    /// <summary>The form, where it is not the one that runs have of their own.</summary>
    private static string FormOf(DataFormat format) => format is DataFormat.Auto or DataFormat.Trl ? string.Empty : $" ({Formats.LayoutRecognition.NameOf(format)})";

    private static string NameOf(DataSeverity severity) => severity == DataSeverity.Error ? "error" : "warning";

    /// <summary>The name of a kind in words.</summary>
    internal static string Words(DataProblemKind kind) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString()).Replace('_', ' ');

    private static string Number(long count, string what) => Text($"{count} {what}{(count == 1 ? string.Empty : "s")}");

    private static string Percent(double share) => Text($"{100 * share:0.0} %");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
