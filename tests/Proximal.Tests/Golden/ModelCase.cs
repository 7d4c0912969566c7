using System.Text.Json;

namespace Proximal.Tests.Golden;

/// <summary>A folder with a checkpoint and what it must compute.</summary>
internal sealed class ModelCase
{
    /// <summary>What the folder's README allows where golden.json says nothing.</summary>
    private static readonly Dictionary<string, double> Defaults = new()
    {
        ["logprob_T1.0"] = 3e-5,
        ["logprob_T0.7"] = 5e-5,
        ["entropy_T1.0"] = 3e-5,
        ["entropy_T0.7"] = 3e-5,
        ["logits"] = 5e-5,
        ["hidden"] = 2e-5,
        ["score"] = 2e-5,
        ["gradient_relative"] = 2e-5,
        ["gradient_norm_relative"] = 2e-6,
        ["adamw_absolute"] = 1e-5,
        ["logprob_merged"] = 5e-5,
        ["merged_weight"] = 1e-6,
    };

    public ModelCase(GoldenFile file)
    {
        File = file;
        Json = JsonDocument.Parse(System.IO.File.ReadAllBytes(file.Path)).RootElement;
        Config = ReadConfig(file.Folder);
        Sequences = [.. Json.GetProperty("sequences").EnumerateArray()];
    }

    public GoldenFile File { get; }

    public string Folder => File.Folder;

    public JsonElement Json { get; }

    /// <summary>What the scope's rules look at: model_type, rope_type, adapter.</summary>
    public IReadOnlyDictionary<string, string> Config { get; }

    public IReadOnlyList<JsonElement> Sequences { get; }

    /// <summary>The folder of the model that this one is an adapter of; <see langword="null"/>: it is a model itself.</summary>
    public string? Base => Json.TryGetProperty("base", out JsonElement name) && Config.ContainsKey("adapter")
        ? Path.Combine(Folder, name.GetString()!)
        : null;

    public bool HasScores => Sequences[0].TryGetProperty("score_fp64", out _);

    public string? Beside(string name) => Path.Combine(Folder, name) is var path && System.IO.File.Exists(path) ? path : null;

    /// <summary>What a quantity may deviate by: golden.json's own, else the README's.</summary>
    public double Tolerance(string quantity) =>
        Json.TryGetProperty("suggested_tolerance", out JsonElement own) && own.TryGetProperty(quantity, out JsonElement tolerance)
            ? tolerance.GetDouble()
            : Defaults[quantity];

    public static int[] Ids(JsonElement sequence, string name = "ids") =>
        [.. sequence.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    public override string ToString() => File.Name;

    private static Dictionary<string, string> ReadConfig(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        if (!System.IO.File.Exists(path))
        {
            return new() { ["adapter"] = "peft" };
        }

        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
        JsonElement config = document.RootElement;
        return new()
        {
            ["model_type"] = config.GetProperty("model_type").GetString()!,
            ["rope_type"] = RopeType(config),
        };
    }

    private static string RopeType(JsonElement config)
    {
        foreach (string key in new[] { "rope_parameters", "rope_scaling" })
        {
            if (config.TryGetProperty(key, out JsonElement rope) && rope.ValueKind == JsonValueKind.Object)
            {
                return (rope.TryGetProperty("rope_type", out JsonElement type) ? type : rope.GetProperty("type")).GetString()!;
            }
        }

        return "default";
    }
}
