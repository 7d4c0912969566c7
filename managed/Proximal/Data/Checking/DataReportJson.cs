using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Proximal.Data.Checking;

/// <summary>A report as JSON: the properties of <see cref="DataReport"/> or <see cref="DataFolderReport"/> in snake case.</summary>
internal static class DataReportJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static string Write(DataFolderReport report) => JsonSerializer.Serialize(report, Options) + "\n";

    public static string Write(DataReport report) => JsonSerializer.Serialize(report, Options) + "\n";
}
