using System.Text.Json;
using System.Text.Json.Nodes;

namespace Proximal.Data.Formats;

/// <summary>Makes a row of the usual names out of another one, which it remembers.</summary>
internal sealed class RowBuilder(JsonRow row)
{
    private static readonly string[] Beside = ["documents", "chat_template_kwargs", "split"];

    private readonly JsonObject _object = [];

    /// <summary>A message.</summary>
    public static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    /// <summary>A value of the file, as it is; of a name that is given twice the last one counts, as everywhere.</summary>
    public static JsonNode? Copy(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.Object => CopyObject(element),
        JsonValueKind.Array => new JsonArray([.. element.EnumerateArray().Select(Copy)]),
        _ => JsonValue.Create(element),
    };

    /// <summary>An object of the file.</summary>
    public static JsonObject CopyObject(JsonElement element)
    {
        var copy = new JsonObject();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            copy[property.Name] = Copy(property.Value);
        }

        return copy;
    }

    /// <summary>Adds a field; none when there is nothing.</summary>
    public RowBuilder Add(string field, JsonNode? value)
    {
        if (value is not null)
        {
            _object[field] = value;
        }

        return this;
    }

    /// <summary>Adds a field of the row under the same or another name, where it is there.</summary>
    public RowBuilder AddFrom(string field, string? name = null) => row.Has(field) ? Add(name ?? field, Copy(row.Object.GetProperty(field))) : this;

    /// <summary>The row, with what templates are given beside messages.</summary>
    public JsonRow Build()
    {
        foreach (string field in Beside)
        {
            AddFrom(field);
        }

        return row with { Object = JsonSerializer.SerializeToElement(_object), Original = row.Original ?? row.Object };
    }
}
