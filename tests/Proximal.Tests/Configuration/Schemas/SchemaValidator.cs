using System.Text.Json;
using System.Text.RegularExpressions;
using Proximal.Configuration.Schemas;

namespace Proximal.Tests.Configuration.Schemas;

/// <summary>Checks instances against a JSON schema of draft 7, as far as the published ones use it; any other keyword throws.</summary>
internal sealed class SchemaValidator(string schema)
{
    private static readonly string[] Annotations =
    [
        "$schema", "title", "description", "default", "definitions", "patternErrorMessage", "then",
        ConfigurationSchema.Changeable, ConfigurationSchema.ValueDescriptions,
    ];

    private readonly Dictionary<string, Regex> _patterns = [];
    private readonly JsonElement _root = JsonElement.Parse(schema);

    /// <summary>What is wrong with an instance; <see langword="null"/>: nothing.</summary>
    public string? Refusal(object? instance) => Refusal(_root, instance, "$");

    private string? Refusal(JsonElement schema, object? instance, string path)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return schema.GetBoolean() ? null : $"{path}: is not allowed";
        }

        // Beside a reference nothing counts.
        return schema.TryGetProperty("$ref", out JsonElement reference)
            ? Refusal(Resolve(reference.GetString()!), instance, path)
            : schema.EnumerateObject().Select(keyword => Refusal(schema, keyword.Name, keyword.Value, instance, path)).FirstOrDefault(refusal => refusal is not null);
    }

    private string? Refusal(JsonElement schema, string keyword, JsonElement value, object? instance, string path) => keyword switch
    {
        "type" => Types(value).Any(type => IsA(type, instance)) ? null : $"{path}: is no {value}",
        "enum" => value.EnumerateArray().Any(one => Same(one, instance)) ? null : $"{path}: is none of {value}",
        "const" => Same(value, instance) ? null : $"{path}: is not {value}",
        "pattern" => instance is not string text || Pattern(value.GetString()!).IsMatch(text) ? null : $"{path}: does not match {value}",
        "minimum" => Compare(instance, value) is not < 0 ? null : $"{path}: is less than {value}",
        "maximum" => Compare(instance, value) is not > 0 ? null : $"{path}: is more than {value}",
        "properties" => Properties(value, instance, path),
        "required" => instance is not Dictionary<string, object?> mapping ? null
            : value.EnumerateArray().Select(key => key.GetString()!).FirstOrDefault(key => !mapping.ContainsKey(key)) is { } missing ? $"{path}: lacks {missing}" : null,
        "additionalProperties" => Others(schema, value, instance, path),
        "items" => instance is not List<object?> list ? null
            : list.Select((item, i) => Refusal(value, item, $"{path}[{i}]")).FirstOrDefault(refusal => refusal is not null),
        "anyOf" => Any(value, instance, path),
        "allOf" => value.EnumerateArray().Select(part => Refusal(part, instance, path)).FirstOrDefault(refusal => refusal is not null),
        "if" => Refusal(value, instance, path) is null ? Refusal(schema.GetProperty("then"), instance, path) : null,
        _ => Annotations.Contains(keyword) ? null : throw new NotSupportedException($"{path}: the keyword '{keyword}' is not checked here"),
    };

    private string? Properties(JsonElement properties, object? instance, string path) => instance is not Dictionary<string, object?> mapping ? null
        : properties.EnumerateObject()
            .Where(property => mapping.ContainsKey(property.Name))
            .Select(property => Refusal(property.Value, mapping[property.Name], $"{path}.{property.Name}"))
            .FirstOrDefault(refusal => refusal is not null);

    private string? Others(JsonElement schema, JsonElement value, object? instance, string path) => instance is not Dictionary<string, object?> mapping ? null
        : mapping
            .Where(entry => !schema.TryGetProperty("properties", out JsonElement known) || !known.TryGetProperty(entry.Key, out _))
            .Select(entry => Refusal(value, entry.Value, $"{path}.{entry.Key}"))
            .FirstOrDefault(refusal => refusal is not null);

    private string? Any(JsonElement ways, object? instance, string path)
    {
        string?[] refusals = [.. ways.EnumerateArray().Select(way => Refusal(way, instance, path))];
        return refusals.Contains(null) ? null : string.Join(" and ", refusals);
    }

    private JsonElement Resolve(string reference)
    {
        const string Prefix = "#/definitions/";
        return reference.StartsWith(Prefix, StringComparison.Ordinal)
            ? _root.GetProperty("definitions").GetProperty(reference[Prefix.Length..])
            : throw new NotSupportedException($"the reference {reference}");
    }

    private Regex Pattern(string pattern)
    {
        if (!_patterns.TryGetValue(pattern, out Regex? regex))
        {
            _patterns[pattern] = regex = new Regex(pattern, RegexOptions.ECMAScript);
        }

        return regex;
    }

    private static IEnumerable<string> Types(JsonElement type) =>
        type.ValueKind == JsonValueKind.String ? [type.GetString()!] : type.EnumerateArray().Select(one => one.GetString()!);

    private static bool IsA(string type, object? instance) => type switch
    {
        "null" => instance is null,
        "boolean" => instance is bool,
        "string" => instance is string,
        "number" => instance is decimal or double,
        "integer" => instance is decimal number ? number == decimal.Truncate(number) : instance is double real && real == Math.Truncate(real),
        "array" => instance is List<object?>,
        "object" => instance is Dictionary<string, object?>,
        _ => throw new NotSupportedException($"the type {type}"),
    };

    /// <summary>A number beside a bound; <see langword="null"/>: it is none.</summary>
    private static int? Compare(object? instance, JsonElement bound) => instance switch
    {
        decimal number => number.CompareTo(bound.GetDecimal()),
        double number => number.CompareTo(bound.GetDouble()),
        _ => null,
    };

    private static bool Same(JsonElement value, object? instance) => value.ValueKind switch
    {
        JsonValueKind.String => instance is string text && text == value.GetString(),
        _ => throw new NotSupportedException($"a constant {value.ValueKind}"),
    };
}
