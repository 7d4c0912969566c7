using System.Text.Json;
using Proximal.Rollouts;

namespace Proximal.Rewards.Http;

/// <summary>Writes a request to a reward service and reads its answer; Rewards/HTTP.md is the contract.</summary>
internal static class ServiceMessages
{
    /// <summary>The component that is this side's own.</summary>
    public const string FailedComponent = "failed";

    /// <summary>A request for the scores of responses, as JSON.</summary>
    public static byte[] Write(IReadOnlyList<RewardRow> rows, HttpRewardOptions options)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("rows");
            foreach (RewardRow row in rows)
            {
                WriteRow(writer, row, options);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return json.ToArray();
    }

    /// <summary>Reads the answer for responses.</summary>
    /// <exception cref="ServiceFault">It is not what the contract says; the text says where.</exception>
    public static RewardResult Read(byte[] answer, IReadOnlyList<RewardRow> rows)
    {
        using JsonDocument document = Parse(answer);
        try
        {
            return Read(document.RootElement, rows);
        }
        catch (InvalidOperationException)
        {
            throw Bad("answered a name that holds half a surrogate pair");
        }
    }

    private static RewardResult Read(JsonElement root, IReadOnlyList<RewardRow> rows)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("scores", out JsonElement scores))
        {
            throw Bad("answered JSON without an object that has \"scores\"");
        }

        return new RewardResult
        {
            Scores = Numbers(scores, rows.Count, "scores", "row"),
            Components = Components(root, rows.Count),
            TokenRewards = TokenRewards(root, rows),
        };
    }

    private static void WriteRow(Utf8JsonWriter writer, RewardRow row, HttpRewardOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("prompt", row.PromptText);
        writer.WriteString("response", row.ResponseText);
        writer.WriteString("finish_reason", row.FinishReason == FinishReason.Stop ? "stop" : "length");
        if (options.SendTokens)
        {
            WriteTokens(writer, "prompt_tokens", row.PromptTokens);
            WriteTokens(writer, "tokens", row.ResponseTokens);
        }

        if (options.SendMetadata && row.Metadata is { } metadata)
        {
            writer.WritePropertyName("metadata");
            metadata.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private static void WriteTokens(Utf8JsonWriter writer, string name, int[] tokens)
    {
        writer.WriteStartArray(name);
        Array.ForEach(tokens, writer.WriteNumberValue);
        writer.WriteEndArray();
    }

    /// <summary>A text that is no JSON may be the half of one, or a proxy's page: another try may bring a whole answer.</summary>
    private static JsonDocument Parse(byte[] answer)
    {
        try
        {
            return JsonDocument.Parse(answer);
        }
        catch (JsonException exception)
        {
            throw new ServiceFault(
                ServiceFaultKind.Transient,
                $"answered {answer.Length} bytes that are no JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine})",
                exception);
        }
    }

    private static Dictionary<string, float[]> Components(JsonElement root, int count)
    {
        var components = new Dictionary<string, float[]>(StringComparer.Ordinal);
        if (!Given(root, "components", JsonValueKind.Object, out JsonElement given))
        {
            return components;
        }

        foreach (JsonProperty component in given.EnumerateObject())
        {
            if (component.Name == FailedComponent || !RewardRunner.IsName(component.Name))
            {
                throw Bad("answered a component with a name that is taken or is not of letters, digits, '_', '-' and '.'");
            }

            components[component.Name] = Numbers(component.Value, count, $"components.{component.Name}", "row");
        }

        return components;
    }

    private static float[]? TokenRewards(JsonElement root, IReadOnlyList<RewardRow> rows)
    {
        if (!Given(root, "token_rewards", JsonValueKind.Array, out JsonElement given))
        {
            return null;
        }

        CheckCount(given.GetArrayLength(), rows.Count, "token_rewards", "row");
        return
        [
            .. given.EnumerateArray().Zip(rows).SelectMany(
                (pair, row) => Numbers(pair.First, pair.Second.ResponseTokens.Length, $"token_rewards[{row}]", "token of the response")),
        ];
    }

    /// <summary>A key that may be missing, or null.</summary>
    private static bool Given(JsonElement root, string key, JsonValueKind kind, out JsonElement value) =>
        root.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null
        && (value.ValueKind == kind ? true : throw Bad($"answered \"{key}\" that is no JSON {kind.ToString().ToLowerInvariant()}"));

    private static float[] Numbers(JsonElement array, int count, string name, string one)
    {
        if (array.ValueKind != JsonValueKind.Array)
        {
            throw Bad($"answered \"{name}\" that is no array");
        }

        CheckCount(array.GetArrayLength(), count, name, one);
        return [.. array.EnumerateArray().Select((number, index) => Number(number, $"{name}[{index}]"))];
    }

    private static void CheckCount(int length, int count, string name, string one)
    {
        if (length != count)
        {
            throw Bad($"answered {length} entries in \"{name}\", expected {count}, one a {one}");
        }
    }

    private static float Number(JsonElement number, string name) =>
        number.ValueKind == JsonValueKind.Number && number.TryGetSingle(out float value) && float.IsFinite(value)
            ? value
            : throw Bad($"answered {Shorten(number.GetRawText())} at {name}, expected a finite number");

    private static string Shorten(string text) => text.Length <= 40 ? text : $"{text.AsSpan(0, 40)}...";

    private static ServiceFault Bad(string reason) => new(ServiceFaultKind.BadAnswer, reason);
}
