using System.Globalization;
using Proximal.Cli.Terminal;
using Proximal.Training.Supervised;

namespace Proximal.Cli.Commands;

/// <summary>Shows a run of supervised training: rows of a table, each validation, and what is under way.</summary>
internal sealed class SupervisedView(IProgressView view, IReadOnlyList<(string Title, string Metric, string Format)> columns)
    : IProgress<SupervisedProgress>
{
    /// <summary>Rows of a long run; metrics.jsonl has every step.</summary>
    private const int Rows = 40;

    private const string ValidationLoss = "validation/loss";

    private bool _headed;

    /// <summary>The columns of pretraining and supervised fine-tuning.</summary>
    public static IReadOnlyList<(string Title, string Metric, string Format)> OfSft { get; } =
    [
        ("epoch", "train/epoch", "F2"),
        ("loss", "train/loss", "F4"),
        ("entropy", "train/entropy", "F3"),
        ("grad", "train/gradient_norm", "F3"),
        ("lr", "lr", "0.0E+0"),
        ("tokens/s", "time/train_tokens_per_s", "F0"),
    ];

    /// <summary>The columns of a reward model.</summary>
    public static IReadOnlyList<(string Title, string Metric, string Format)> OfRewardModel { get; } =
    [
        ("epoch", "train/epoch", "F2"),
        ("loss", "train/loss", "F4"),
        ("accuracy", "train/accuracy", "F3"),
        ("margin", "train/margin", "F3"),
        ("grad", "train/gradient_norm", "F3"),
        ("lr", "lr", "0.0E+0"),
        ("tokens/s", "time/train_tokens_per_s", "F0"),
    ];

    public void Report(SupervisedProgress value)
    {
        if (value.Note is { } note)
        {
            view.Line(note);
        }

        if (value.Phase == SupervisedPhase.Committed)
        {
            ShowStep(value);
            ShowValidation(value);
        }

        view.Report(StepsDone(value), value.Steps > 0 ? value.Steps : null, Text(value));
    }

    private static double StepsDone(SupervisedProgress value) => value.Phase == SupervisedPhase.Training
        ? value.Step - 1 + (value.Total > 0 ? (double)value.Done / value.Total : 0)
        : value.Step;

    private static string Text(SupervisedProgress value)
    {
        string phase = value.Phase.ToString().ToLowerInvariant();
        string step = value.Step == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"step {value.Step}/{value.Steps} ");
        string done = value.Total > 0 ? string.Create(CultureInfo.InvariantCulture, $" {value.Done}/{value.Total}") : string.Empty;
        return $"{step}{phase}{done}";
    }

    private void ShowStep(SupervisedProgress value)
    {
        int every = Math.Max(1, value.Steps / Rows);
        if (value.Step == 0 || (value.Step != 1 && value.Step % every != 0 && value.Step != value.Steps))
        {
            return;
        }

        if (!_headed)
        {
            _headed = true;
            view.Line($"{"step",6}{string.Concat(columns.Select(column => $"{column.Title,10}"))}");
        }

        view.Line(string.Create(CultureInfo.InvariantCulture, $"{value.Step,6}")
            + string.Concat(columns.Select(column => $"{Cell(value, column.Metric, column.Format),10}")));
    }

    private void ShowValidation(SupervisedProgress value)
    {
        if (!value.Metrics.ContainsKey(ValidationLoss))
        {
            return;
        }

        string accuracy = value.Metrics.ContainsKey("validation/accuracy")
            ? $", accuracy {Cell(value, "validation/accuracy", "F3")} (95 %: {Cell(value, "validation/accuracy_low", "F3")} to {Cell(value, "validation/accuracy_high", "F3")})"
            : string.Empty;
        view.Line(
            $"validation {(value.Step == 0 ? "of the start model" : $"after step {value.Step}")}: loss {Cell(value, ValidationLoss, "F4")}{accuracy}");
    }

    private static string Cell(SupervisedProgress value, string metric, string format) =>
        value.Metrics.TryGetValue(metric, out double number) && double.IsFinite(number)
            ? number.ToString(format, CultureInfo.InvariantCulture)
            : "-";
}
