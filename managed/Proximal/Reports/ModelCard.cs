using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Proximal.Models;
using Proximal.Runs;

namespace Proximal.Reports;

/// <summary>The README.md that goes with a run's model: what it was made of, how, and what was measured. No path of this machine is in it.</summary>
internal static partial class ModelCard
{
    /// <summary>Writes the text.</summary>
    /// <param name="run">The run.</param>
    /// <param name="model">Its model.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="license">An identifier of the hub's list; <see langword="null"/>: nobody said.</param>
    /// <param name="evaluations">Texts of <c>eval.md</c> of evaluations of it.</param>
    /// <param name="format">gguf or transformers.</param>
    public static string Write(RunData run, ModelSummary model, string name, string? license, IReadOnlyList<string> evaluations, string format)
    {
        CardFiles files = CardFiles.Of(run.Configuration);
        var text = new StringBuilder();
        AppendFrontMatter(text, run, model, files, license, format);
        text.Append(CultureInfo.InvariantCulture, $"# {Markdown.Line(name)}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{Sentence(run, files)}\n\n| | |\n|---|---|\n");
        foreach ((string key, string value) in Facts(run, model))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {key} | {Markdown.Line(value)} |\n");
        }

        AppendData(text, files);
        AppendEvaluation(text, run, evaluations);
        AppendWarnings(text, run);
        text.Append("\n## Settings\n\nAll of them, paths shortened:\n\n```yaml\n").Append(files.Shortened.TrimEnd().Replace("```", "` ` `", StringComparison.Ordinal)).Append("\n```\n");
        text.Append("\n## Licence\n\n").Append(license is null
            ? "Unknown: who exported the model named none. That of the base model and the terms of the data apply; find them out before you pass it on.\n"
            : $"{Markdown.Line(license)}, as the one who exported the model states. The licence of the base model and the terms of the data apply too.\n");
        return text.ToString();
    }

    private static void AppendFrontMatter(StringBuilder text, RunData run, ModelSummary model, CardFiles files, string? license, string format)
    {
        bool scores = run.Summary?.Kind == RunKind.RewardModel;
        text.Append("---\n");
        text.Append(CultureInfo.InvariantCulture, $"library_name: {format}\nlicense: {Quoted(license ?? "unknown")}\n");
        text.Append(CultureInfo.InvariantCulture, $"pipeline_tag: {(scores ? "text-classification" : "text-generation")}\n");
        if (files.HubBase is { } hub)
        {
            text.Append(CultureInfo.InvariantCulture, $"base_model: {Quoted(hub)}\n");
        }

        text.Append("tags:\n- proximal\n");
        foreach (string tag in new[] { run.Summary?.Kind, model.Family }.OfType<string>().Where(tag => tag.Length > 0).Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Quoted(tag)}\n");
        }

        text.Append("---\n\n");
    }

    private static string Sentence(RunData run, CardFiles files)
    {
        string what = run.Summary?.Kind switch
        {
            RunKind.Sft => "A language model that was fine-tuned on examples",
            RunKind.RewardModel => "A reward model that was trained on preferences",
            RunKind.Ppo => "A language model that was trained by reinforcement learning (PPO)",
            RunKind.Pretrain => "A language model that was pretrained on text",
            _ => "A model that was trained",
        };
        return $"{what} with Proximal{(files.Base is { } start ? $", from `{Markdown.Line(start)}`" : string.Empty)}.";
    }

    private static IEnumerable<(string Key, string Value)> Facts(RunData run, ModelSummary model)
    {
        yield return ("family", model.Family);
        yield return ("parameters", model.Parameters.ToString("N0", CultureInfo.InvariantCulture));
        yield return ("types", string.Join(", ", model.Types.Select(type => type.Key)));
        if (model.Size(nameof(ModelInfo.ContextLength)) is { } context)
        {
            yield return ("context", $"{context} tokens");
        }

        if (run.Summary is { } summary)
        {
            yield return ("training", $"{summary.Kind}, {summary.Steps} of {summary.PlannedSteps} steps, {summary.State.ToString().ToLowerInvariant()}");
            yield return ("trained", summary.Started.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            yield return ("made with", $"Proximal {summary.Version}");
        }
    }

    private static void AppendData(StringBuilder text, CardFiles files)
    {
        text.Append("\n## Data\n\n");
        if (files.Data.Count == 0)
        {
            text.Append("The run's settings name no data file that is still there.\n");
            return;
        }

        text.Append("| file | used as | bytes | sha256 |\n|---|---|---:|---|\n");
        foreach (CardFile file in files.Data)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {Markdown.Line(file.Name)} | {Markdown.Line(file.Use)} | {file.Bytes} | {file.Sha256} |\n");
        }
    }

    private static void AppendEvaluation(StringBuilder text, RunData run, IReadOnlyList<string> evaluations)
    {
        text.Append("\n## Evaluation\n\n");
        (string Name, CurveSummary Curve)[] validation = [.. (run.Summary?.Metrics ?? new Dictionary<string, CurveSummary>())
            .Where(metric => metric.Key.StartsWith("validation/", StringComparison.Ordinal)).Select(metric => (metric.Key, metric.Value))];
        if (validation.Length > 0)
        {
            text.Append("Validation during training:\n\n| | first | last |\n|---|---:|---:|\n");
            foreach ((string metric, CurveSummary curve) in validation)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {Markdown.Line(metric)} | {Figures.Short(curve.First)} | {Figures.Short(curve.Last)} |\n");
            }
        }

        foreach (string evaluation in evaluations)
        {
            text.Append('\n').Append(Figured(evaluation));
        }

        if (validation.Length == 0 && evaluations.Count == 0)
        {
            text.Append("None: the run had no validation, and no evaluation was named when it was exported.\n");
        }
    }

    /// <summary>An evaluation's figures without its samples, one heading further down.</summary>
    private static string Figured(string evaluation)
    {
        int samples = evaluation.IndexOf("\n## ", StringComparison.Ordinal);
        return "##" + (samples < 0 ? evaluation : evaluation[..samples]).TrimEnd() + "\n";
    }

    private static void AppendWarnings(StringBuilder text, RunData run)
    {
        if (run.Warnings.Count > 0)
        {
            text.Append("\n## Warnings of the run\n\n");
            foreach (WarningSummary warning in run.Warnings)
            {
                text.Append(CultureInfo.InvariantCulture, $"* {Markdown.Line(warning.Text)}\n");
            }
        }
    }

    private static string Quoted(string text) => SafeYaml().IsMatch(text) ? text : System.Text.Json.JsonSerializer.Serialize(text);

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9._/-]*$")]
    private static partial Regex SafeYaml();
}
