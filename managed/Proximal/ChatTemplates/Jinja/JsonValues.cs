using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>JSON as the values of a template.</summary>
internal static class JsonValues
{
    public static object? Convert(JsonElement element)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return element.GetString();
            case JsonValueKind.Number:
                return Number(element.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return element.ValueKind == JsonValueKind.True;
            case JsonValueKind.Array:
                return element.EnumerateArray().Select(Convert).ToList();
            case JsonValueKind.Object:
                var dictionary = new PythonDictionary();
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    dictionary[property.Name] = Convert(property.Value);
                }

                return dictionary;
            default:
                return null;
        }
    }

    private static object Number(string text)
    {
        Limits.CheckLength(text.Length * 1000L);
        return text.AsSpan().ContainsAny('.', 'e', 'E')
            ? double.Parse(text, CultureInfo.InvariantCulture)
            : BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }
}
