using System.Text.Json;
using System.Text.Unicode;
using Proximal.Internal;

namespace Proximal.Cli.Models;

/// <summary>The tokens that end a response: generation_config.json's eos_token_id, else config.json's.</summary>
internal static class StopTokens
{
    private const string Key = "eos_token_id";
    private const long MostBytes = 1 << 24;
    private static readonly string[] Files = ["generation_config.json", "config.json"];

    /// <summary>The model folder's stop tokens; none for a file that is no folder.</summary>
    public static IReadOnlyList<int> OfModel(string model) => Directory.Exists(model)
        ? Files.Select(file => OfFile(Path.Combine(model, file))).FirstOrDefault(tokens => tokens.Count > 0) ?? []
        : [];

    private static IReadOnlyList<int> OfFile(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(Bytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw Wrong(path, "is no JSON object");
            }

            return document.RootElement.TryGetProperty(Key, out JsonElement value) ? Read(value, path) : [];
        }
        // Half a surrogate pair in a name is found only when a name is looked for.
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw Wrong(path, $"is no valid JSON ({failure.Message})", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, $"cannot be read ({failure.Message})", failure);
        }
    }

    private static byte[] Bytes(string path)
    {
        byte[] bytes = WholeFile.Read(path, MostBytes, out long length)
            ?? throw Wrong(path, $"{length} bytes are more than such a file has ({MostBytes})");
        return Utf8.IsValid(bytes) ? bytes : throw Wrong(path, "is no text in UTF-8");
    }

    private static IReadOnlyList<int> Read(JsonElement value, string path) => value.ValueKind switch
    {
        JsonValueKind.Null => [],
        JsonValueKind.Array => [.. value.EnumerateArray().Select(item => Id(item, path))],
        _ => [Id(value, path)],
    };

    private static int Id(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0
            ? id
            : throw Wrong(path, $"{Key}: expected a token id or a list of them, got {value.GetRawText()}");

    private static CommandException Wrong(string path, string what, Exception? inner = null) =>
        new(ExitCode.Data, $"{path}: {what}; correct it or give --stop-token-ids", inner);
}
