using System.Text.Json;
using Proximal.Rollouts;
using Proximal.Runs;

namespace Proximal.Evaluation;

/// <summary>A row of pairs.jsonl.</summary>
internal static class PairJson
{
    public static void Write(Utf8JsonWriter writer, EvaluationPair pair)
    {
        writer.WriteNumber("prompt_index", pair.Prompt);
        writer.WriteNumber("sample", pair.Sample);
        writer.WriteString("prompt", pair.PromptText);
        writer.WriteString("source", pair.Source);
        Write(writer, "baseline", pair.Baseline);
        Write(writer, "model", pair.Model);
    }

    public static EvaluationPair Read(JsonElement row) => new()
    {
        Prompt = row.GetProperty("prompt_index").GetInt32(),
        Sample = row.GetProperty("sample").GetInt32(),
        PromptText = row.GetProperty("prompt").GetString()!,
        Source = row.GetProperty("source").GetString(),
        Baseline = ReadResponse(row.GetProperty("baseline")),
        Model = ReadResponse(row.GetProperty("model")),
    };

    private static void Write(Utf8JsonWriter writer, string name, EvaluationResponse response)
    {
        writer.WriteStartObject(name);
        writer.WriteString("response", response.Text);
        writer.WriteString("finish_reason", response.FinishReason == FinishReason.Stop ? "stop" : "length");
        JsonLines.Number(writer, "score", response.Score ?? double.NaN);
        writer.WriteStartObject("rewards");
        foreach ((string reward, double value) in response.Rewards)
        {
            JsonLines.Number(writer, reward, value);
        }

        writer.WriteEndObject();
        JsonLines.Number(writer, "judge", response.JudgeScore ?? double.NaN);
        writer.WriteStartArray("tokens");
        foreach (int token in response.Tokens)
        {
            writer.WriteNumberValue(token);
        }

        writer.WriteEndArray();
        if (response.LogRatios.Count > 0)
        {
            JsonLines.Numbers(writer, "log_ratios", [.. response.LogRatios.Select(ratio => (float)ratio)]);
        }

        writer.WriteEndObject();
    }

    private static EvaluationResponse ReadResponse(JsonElement row) => new()
    {
        Text = row.GetProperty("response").GetString()!,
        FinishReason = row.GetProperty("finish_reason").GetString() == "stop" ? FinishReason.Stop : FinishReason.Length,
        Score = Number(row.GetProperty("score")),
        Rewards = row.GetProperty("rewards").EnumerateObject().ToDictionary(item => item.Name, item => Number(item.Value) ?? double.NaN),
        JudgeScore = Number(row.GetProperty("judge")),
        Tokens = [.. row.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())],
        LogRatios = row.TryGetProperty("log_ratios", out JsonElement ratios) ? [.. ratios.EnumerateArray().Select(ratio => ratio.GetDouble())] : [],
    };

    private static double? Number(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : value.GetDouble();
}
