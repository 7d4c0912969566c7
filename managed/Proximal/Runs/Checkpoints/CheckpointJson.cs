using System.Text.Json;
using System.Text.Json.Serialization;

namespace Proximal.Runs.Checkpoints;

/// <summary>How a checkpoint writes JSON: numbers bit for bit, and what is computed from others left out.</summary>
internal static class CheckpointJson
{
    /// <summary>The version of everything that a checkpoint holds; raised when an older program could not read it.</summary>
    public const int Format = 1;

    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        IgnoreReadOnlyProperties = true,
        RespectRequiredConstructorParameters = true,
        WriteIndented = true,
    };

    /// <summary>Throws unless this version reads the format.</summary>
    public static void CheckFormat(string path, int format)
    {
        if (format != Format)
        {
            throw new CheckpointException(
                path, $"{path} has format {format}; this version of Proximal reads {Format}. Resume with the version that wrote it.");
        }
    }
}
