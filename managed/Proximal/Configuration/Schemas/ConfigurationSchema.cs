using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace Proximal.Configuration.Schemas;

/// <summary>The JSON schema of a stage, as it is published, and what it says of records, keys and values.</summary>
/// <remarks>
/// Draft 7, the latest that YAML's language server knows all of. The texts are made from the records and their
/// documentation by the tests, committed, and embedded: so a program has the documentation at hand, and a change is a diff.
/// </remarks>
internal sealed class ConfigurationSchema
{
    /// <summary>The keyword that marks what may change when a run is resumed: true, or the condition in words.</summary>
    public const string Changeable = "x-changeable-on-resume";

    /// <summary>The keyword that says what the values of an enum mean, as editors know it.</summary>
    public const string ValueDescriptions = "enumDescriptions";

    private static readonly ConcurrentDictionary<string, ConfigurationSchema> Schemas = new();

    private readonly Type _rootType;
    private readonly JsonElement _root;

    private ConfigurationSchema(ConfigurationStage stage)
    {
        string resource = $"Proximal.Configuration.Schemas.{stage.SchemaFile}";
        using Stream stream = typeof(ConfigurationSchema).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The library lacks its resource {resource}: it is built wrongly.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        Text = reader.ReadToEnd();
        _rootType = stage.Type;
        _root = JsonElement.Parse(Text);
    }

    /// <summary>The schema.</summary>
    public string Text { get; }

    public static ConfigurationSchema Of(ConfigurationStage stage) => Schemas.GetOrAdd(stage.Name, _ => new ConfigurationSchema(stage));

    /// <summary>What a record or an enum is.</summary>
    public string Describe(Type type) => TextOf(Definition(type), "description");

    /// <summary>What a key of a record means.</summary>
    public string Describe(Type record, string key) =>
        Definition(record).TryGetProperty("properties", out JsonElement properties) && properties.TryGetProperty(key, out JsonElement property)
            ? TextOf(property, "description")
            : string.Empty;

    /// <summary>What the values of an enum mean, in their order.</summary>
    public IReadOnlyList<string> DescribeValues(Type type) =>
    [
        .. Definition(type).GetProperty("anyOf")[0].GetProperty(ValueDescriptions).EnumerateArray().Select(text => text.GetString()!),
    ];

    /// <summary>When a key may change on resume, in words; <see langword="null"/>: always, or never.</summary>
    public string? ConditionOf(Type record, string key) =>
        Definition(record).GetProperty("properties").GetProperty(key).TryGetProperty(Changeable, out JsonElement condition)
            && condition.ValueKind == JsonValueKind.String ? condition.GetString() : null;

    private static string TextOf(JsonElement schema, string keyword) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty(keyword, out JsonElement text) ? text.GetString()! : string.Empty;

    private JsonElement Definition(Type type) => type == _rootType
        ? _root
        : _root.GetProperty("definitions").TryGetProperty(type.Name, out JsonElement definition) ? definition : default;
}
