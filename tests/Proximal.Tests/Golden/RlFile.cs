using System.Collections.Concurrent;
using System.Text.Json;

namespace Proximal.Tests.Golden;

/// <summary>A file of cases of one operation, read once.</summary>
internal sealed class RlFile
{
    private static readonly ConcurrentDictionary<string, RlFile> Files = new();

    private readonly Dictionary<string, Dictionary<string, GoldenTensor>> _batches = [];
    private readonly JsonDocument _document;

    private RlFile(GoldenFile file)
    {
        File = file;
        _document = JsonDocument.Parse(System.IO.File.ReadAllBytes(file.Path));
        JsonElement json = _document.RootElement;
        if (json.GetProperty("format").GetInt32() != 1)
        {
            throw new InvalidDataException($"{file.Path}: expected format 1, got {json.GetProperty("format")}.");
        }

        Operation = json.GetProperty("operation").GetString()!;
        Tolerance = json.TryGetProperty("suggested_tolerance", out JsonElement tolerance) ? tolerance : null;
        if (json.TryGetProperty("batches", out JsonElement batches))
        {
            foreach (JsonProperty batch in batches.EnumerateObject())
            {
                _batches.Add(batch.Name, Tensors(batch.Value));
            }
        }

        Cases = [.. json.GetProperty("cases").EnumerateArray().Select((_, index) => new RlCase(this, index))];
    }

    public GoldenFile File { get; }

    public string Operation { get; }

    /// <summary>The file's own tolerance, a number or one for each output.</summary>
    public JsonElement? Tolerance { get; }

    public IReadOnlyList<RlCase> Cases { get; }

    public static RlFile Read(GoldenFile file) => Files.GetOrAdd(file.Path, _ => new RlFile(file));

    public JsonElement Json(int index) => _document.RootElement.GetProperty("cases")[index];

    public GoldenTensor Batch(string batch, string tensor) => _batches[batch][tensor];

    public static Dictionary<string, GoldenTensor> Tensors(JsonElement json) =>
        json.EnumerateObject().ToDictionary(tensor => tensor.Name, tensor => GoldenTensor.Parse(tensor.Value));
}
