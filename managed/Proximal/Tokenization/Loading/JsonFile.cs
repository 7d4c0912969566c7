using System.Text.Json;

namespace Proximal.Tokenization.Loading;

/// <summary>A JSON file in memory.</summary>
internal sealed class JsonFile : IDisposable
{
    private readonly JsonDocument _document;

    private JsonFile(JsonDocument document, string path)
    {
        _document = document;
        Root = new JsonPlace(document.RootElement, path, "$");
    }

    /// <summary>The outermost value.</summary>
    public JsonPlace Root { get; }

    /// <summary>Reads a file; names are unique, nesting is at most 64 deep.</summary>
    public static JsonFile Open(string path)
    {
        byte[] bytes = FileBytes.Read(path);
        try
        {
            JsonDocumentOptions options = new() { AllowDuplicateProperties = false };
            ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? bytes.AsMemory(3) : bytes;
            return new JsonFile(JsonDocument.Parse(json, options), path);
        }
        // The check for equal names reads them, and refuses stray surrogates in its own way.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new TokenizerException(
                ProximalStatus.CorruptData, path, "", $"no valid JSON: {exception.Message}", "Fetch or export the file again");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();
}
