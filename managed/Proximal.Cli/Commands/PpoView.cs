using System.Globalization;
using Proximal.Cli.Terminal;
using Proximal.Training.Ppo;

namespace Proximal.Cli.Commands;

/// <summary>Shows a PPO run: one row of a table a step, and what is under way.</summary>
internal sealed class PpoView(IProgressView view, PpoSummary summary) : IProgress<PpoProgress>
{
    private static readonly (string Title, string Metric, string Format)[] Columns =
    [
        ("score", "objective/scores", "F3"),
        ("+-", "objective/scores_std", "F2"),
        ("kl", "objective/kl", "F3"),
        ("approxkl", "policy/approxkl", "F5"),
        ("clipfrac", "policy/clipfrac", "F4"),
        ("entropy", "objective/entropy", "F2"),
        ("length", "rollout/length_mean", "F1"),
        ("seconds", "time/total_s", "F1"),
    ];

    private const string ValidationPrefix = "validation/";

    private bool _headed;

    public void Report(PpoProgress value)
    {
        if (value.Phase == PpoPhase.Committed)
        {
            if (value.Step > 0)
            {
                ShowStep(value);
            }

            ShowValidation(value);
        }

        if (value.Note is { } note)
        {
            view.Line(note);
        }

        double share = value.Total > 0 ? (double)value.Done / value.Total : 0;
        view.Report(StepsDone(value, share), value.Steps, Text(value));
    }

    /// <summary>A step is rollout, scoring and update; the bar moves within it.</summary>
    private static double StepsDone(PpoProgress value, double share) => value.Phase switch
    {
        PpoPhase.Committed => value.Step,
        PpoPhase.Rollout => value.Step - 1 + (0.4 * share),
        PpoPhase.Scoring => value.Step - 1 + 0.4 + (0.1 * share),
        PpoPhase.Update => value.Step - 1 + 0.5 + (0.5 * share),
        _ => value.Step,
    };

    private static string Text(PpoProgress value)
    {
        string phase = value.Phase.ToString().ToLowerInvariant();
        string step = value.Step == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"step {value.Step}/{value.Steps} ");
        string done = value.Total > 0 ? string.Create(CultureInfo.InvariantCulture, $" {value.Done}/{value.Total}") : string.Empty;
        return $"{step}{phase}{done}";
    }

    private void ShowStep(PpoProgress value)
    {
        if (!_headed)
        {
            _headed = true;
            view.Line($"{"step",6}{string.Concat(Columns.Select(column => $"{column.Title,10}"))}");
        }

        view.Line(string.Create(CultureInfo.InvariantCulture, $"{value.Step,6}")
            + string.Concat(Columns.Select(column => $"{Cell(value, column.Metric, column.Format),10}")));
        foreach (string warning in summary.Add(value))
        {
            view.Line($"warning: step {value.Step}: {warning}");
        }
    }

    private static string Cell(PpoProgress value, string metric, string format) =>
        value.Metrics.TryGetValue(metric, out double number) && double.IsFinite(number)
            ? number.ToString(format, CultureInfo.InvariantCulture)
            : "-";

    private void ShowValidation(PpoProgress value)
    {
        if (!value.Metrics.ContainsKey(ValidationPrefix + "reward_mean"))
        {
            return;
        }

        string Number(string name, string format) => Cell(value, ValidationPrefix + name, format);
        string[] components = [.. value.Metrics.Keys.Where(name => name.StartsWith(ValidationPrefix + "reward/", StringComparison.Ordinal))];
        string each = components.Length < 2
            ? string.Empty
            : $" ({string.Join(", ", components.Select(name => $"{name[(ValidationPrefix.Length + "reward/".Length)..]} {Cell(value, name, "F3")}"))})";
        view.Line(
            $"validation {(value.Step == 0 ? "of the start model" : $"after step {value.Step}")}: reward {Number("reward_mean", "F3")} "
            + $"+- {Number("reward_std", "F3")}{each}, kl {Number("kl", "F3")}, distinct-2 {Number("distinct_2", "F3")}, "
            + $"length {Number("length_mean", "F1")}");
    }
}
