using System.Text.Encodings.Web;
using System.Text.Json;
using Proximal.Configuration.Schemas;

namespace Proximal.Cli.Commands;

/// <summary>Keys as <c>config explain</c> answers them to programs.</summary>
internal static class ExplainedKeys
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true,
    };

    /// <summary>Takes keys that are the same for several commands together.</summary>
    public static IReadOnlyList<ExplainedKey> Merge(IReadOnlyList<ExplainedKey> keys) =>
    [
        .. keys.GroupBy(key => JsonSerializer.Serialize(Row(key with { Stages = [] }), Options))
            .Select(group => group.First() with { Stages = [.. group.SelectMany(key => key.Stages)] }),
    ];

    public static string ToJson(IReadOnlyList<ExplainedKey> keys) => JsonSerializer.Serialize(keys.Select(Row), Options) + "\n";

    private static object Row(ExplainedKey explained)
    {
        ConfigurationKey key = explained.Key;
        return new
        {
            Commands = explained.Stages,
            Key = key.Path,
            Kind = key.Kind?.Name,
            key.Description,
            key.Type,
            Required = key.IsRequired,
            key.Default,
            key.Shorthand,
            Values = key.Values.ToDictionary(),
            ChangeableOnResume = key.IsResumable ? key.MayChange : (bool?)null,
            key.ChangeCondition,
            Example = key.ExampleLine(),
        };
    }
}
