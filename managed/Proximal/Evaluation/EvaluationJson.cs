using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Proximal.Evaluation;

/// <summary>The figures of an evaluation as JSON; METRICS.md lists the keys.</summary>
internal static class EvaluationJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(EvaluationReport report)
    {
        EvaluationResult result = report.Result;
        var root = new JsonObject
        {
            ["baseline"] = report.Baseline,
            ["model"] = report.Model,
            ["prompts"] = result.Prompts,
            ["samples"] = result.Samples,
            ["seed"] = report.Options.Seed,
            ["resamples"] = report.Options.Resamples,
            ["version"] = typeof(EvaluationJson).Assembly.GetName().Version!.ToString(3),
            ["reward"] = result.Reward is { } reward ? Node(reward) : null,
            ["judge"] = result.Judge is { } judge ? Node(judge) : null,
            ["kl"] = Node(result.Kl),
            ["kl_per_token"] = Node(result.KlPerToken),
            ["references"] = new JsonObject(result.References.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Node(pair.Value)))),
            ["length"] = Node(result.Length),
            ["end_rate"] = Node(result.EndRate),
            ["distinct_1"] = Both(result, text => text.Distinct1),
            ["distinct_2"] = Both(result, text => text.Distinct2),
            ["distinct_3"] = Both(result, text => text.Distinct3),
            ["repetition"] = Both(result, text => text.Repetition),
            ["toxicity"] = result.Toxicity is { } toxicity ? Node(toxicity) : null,
        };
        return root.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Node(RewardComparison reward)
    {
        JsonObject node = Node(reward.Score);
        node["name"] = reward.Name;
        node["win_rate"] = Node(reward.WinRate);
        node["length_controlled_win_rate"] = Node(reward.LengthControlledWinRate);
        node["wins"] = reward.Wins;
        node["ties"] = reward.Ties;
        node["losses"] = reward.Losses;
        node["components"] = new JsonObject(reward.Components.Select(part => KeyValuePair.Create(part.Key, (JsonNode?)Node(part.Value))));
        return node;
    }

    private static JsonObject Node(ToxicityComparison toxicity)
    {
        JsonObject node = Node(toxicity.Rate);
        node["prompts"] = toxicity.Prompts;
        node["samples"] = toxicity.Samples;
        return node;
    }

    private static JsonObject Node(Comparison comparison) => new()
    {
        ["baseline"] = Node(comparison.Baseline),
        ["model"] = Node(comparison.Model),
        ["difference"] = Node(comparison.Difference),
    };

    private static JsonObject Node(Estimate estimate) => new()
    {
        ["value"] = Node(estimate.Value),
        ["low"] = Node(estimate.Low),
        ["high"] = Node(estimate.High),
    };

    private static JsonObject Both(EvaluationResult result, Func<TextStatistics, double> of) => new()
    {
        ["baseline"] = Node(of(result.BaselineText)),
        ["model"] = Node(of(result.ModelText)),
    };

    /// <summary>JSON has no number that is not finite.</summary>
    private static JsonValue? Node(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
