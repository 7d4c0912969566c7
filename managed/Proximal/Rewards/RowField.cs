using System.Text.Json;

namespace Proximal.Rewards;

/// <summary>Finds what a prompt's row says.</summary>
internal static class RowField
{
    /// <summary>A field by its name, or, where there is none of the whole name, by the names of those it stands in, with points between.</summary>
    public static JsonElement? Find(JsonElement row, string name)
    {
        if (row.TryGetProperty(name, out JsonElement whole))
        {
            return whole;
        }

        JsonElement value = row;
        foreach (string part in name.Split('.'))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(part, out value))
            {
                return null;
            }
        }

        return value;
    }
}
