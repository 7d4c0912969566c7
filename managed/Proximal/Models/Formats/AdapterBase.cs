using System.Text.Json;
using Proximal.Hub;

namespace Proximal.Models.Formats;

/// <summary>Finds the base model of a PEFT adapter that names one of a hub, as PEFT writes it.</summary>
internal static class AdapterBase
{
    private const string ConfigName = "adapter_config.json";
    private const string BaseKey = "base_model_name_or_path";

    /// <summary>
    /// The snapshot of the base model, where it has been pulled and no folder of its name is where the native loader looks;
    /// <see langword="null"/>: the loader finds it, or says what is missing.
    /// </summary>
    public static string? InCache(string adapter)
    {
        string config = Path.Combine(adapter, ConfigName);
        return File.Exists(config) && NameIn(config) is { } name && !IsNear(adapter, name) ? HubModels.Find(name) : null;
    }

    private static string? NameIn(string config)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(config));
            return document.RootElement.TryGetProperty(BaseKey, out JsonElement name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null; // the loader says what is wrong with it
        }
    }

    private static bool IsNear(string adapter, string name) =>
        ((string[])[Path.Combine(adapter, name), Path.Combine(adapter, "..", Path.GetFileName(name)), name]).Any(Path.Exists);
}
