using System.Text.Json;

namespace Proximal.Tests.Golden;

/// <summary>One case: what went into a function of a system and what came out.</summary>
internal sealed class RlCase
{
    /// <summary>Relative to max(1, |expected|), for results that our kernels give in float32 (README of the folder).</summary>
    public const double SinglePrecision = 1e-5;

    /// <summary>The same, for results that we compute in double throughout.</summary>
    public const double DoublePrecision = 1e-10;

    /// <summary>A float32 run of the reference may itself deviate: this many times that is allowed.</summary>
    private const double GapFactor = 8;

    private readonly JsonElement? _suggested;
    private readonly double _gap;

    public RlCase(RlFile file, int index)
    {
        JsonElement json = file.Json(index);
        Operation = file.Operation;
        File = file.File.Name;
        Name = json.GetProperty("name").GetString()!;
        System = json.GetProperty("system").GetString()!;
        Version = Text(json, "version");
        Function = json.GetProperty("function").GetString()!;
        Note = Text(json, "note");
        Params = json.GetProperty("params");
        Inputs = ReadInputs(file, json);
        JsonElement expected = json.GetProperty("expected");
        Column = expected.TryGetProperty("f64", out JsonElement column) ? "f64" : "f32";
        column = expected.GetProperty(Column);
        Raises = column.TryGetProperty("raises", out JsonElement raises) ? raises.GetString() : null;
        Expected = column.EnumerateObject()
            .Where(output => output.Value.ValueKind != JsonValueKind.String || IsNumber(output.Value.GetString()!))
            .ToDictionary(output => output.Name, output => GoldenTensor.Parse(output.Value));
        Remarks = [.. column.EnumerateObject().Select(output => output.Name).Where(name => !Expected.ContainsKey(name))];
        _gap = json.TryGetProperty("f32_gap", out JsonElement gap) ? gap.GetDouble() : 0;
        _suggested = json.TryGetProperty("suggested_tolerance", out JsonElement suggested) ? suggested : file.Tolerance;
    }

    public string Operation { get; }

    public string File { get; }

    public string Name { get; }

    public string System { get; }

    public string Version { get; }

    public string Function { get; }

    public string Note { get; }

    public JsonElement Params { get; }

    public IReadOnlyDictionary<string, GoldenTensor> Inputs { get; }

    /// <summary>"f64", or "f32" where the reference has nothing wider.</summary>
    public string Column { get; }

    /// <summary>What the reference said when it refused the input.</summary>
    public string? Raises { get; }

    /// <summary>The numbers that came out.</summary>
    public IReadOnlyDictionary<string, GoldenTensor> Expected { get; }

    /// <summary>Outputs that are text: what a part of the reference said when it refused.</summary>
    public IReadOnlyList<string> Remarks { get; }

    /// <summary>Valid tokens, [B, T].</summary>
    public GoldenTensor Mask => Input("mask");

    public GoldenTensor Input(string name) => Inputs.TryGetValue(name, out GoldenTensor? tensor)
        ? tensor
        : throw new KeyNotFoundException($"The case has no input '{name}'; it has {string.Join(", ", Inputs.Keys)}.");

    public bool Has(string param) =>
        Params.TryGetProperty(param, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public double Number(string param) => GoldenTensor.Number(Params.GetProperty(param));

    /// <summary>A parameter that the case may lack or set to null.</summary>
    public double Number(string param, double absent) => Has(param) ? Number(param) : absent;

    public bool Flag(string param, bool absent = false) => Has(param) ? Params.GetProperty(param).GetBoolean() : absent;

    public string Text(string param, string absent) => Has(param) ? Params.GetProperty(param).GetString()! : absent;

    /// <summary>The first of several names that the case has a parameter of; systems name the same thing differently.</summary>
    public string AnyText(params string[] names) => Params.GetProperty(names.First(Has)).GetString()!;

    public double AnyNumber(params string[] names) => Number(names.First(Has));

    /// <summary>What an output may deviate by, relative to max(1, |expected|).</summary>
    public double Tolerance(string output, bool computedInDouble)
    {
        if (_suggested is { } own)
        {
            if (own.ValueKind == JsonValueKind.Number)
            {
                return own.GetDouble();
            }

            if (own.TryGetProperty(output, out JsonElement one))
            {
                return one.GetDouble();
            }
        }

        return computedInDouble && Column == "f64" ? DoublePrecision : Math.Max(SinglePrecision, GapFactor * _gap);
    }

    public override string ToString() => Name;

    private static bool IsNumber(string text) => text is "NaN" or "Infinity" or "-Infinity";

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "";

    private static Dictionary<string, GoldenTensor> ReadInputs(RlFile file, JsonElement json)
    {
        Dictionary<string, GoldenTensor> inputs = json.TryGetProperty("inputs", out JsonElement own) ? RlFile.Tensors(own) : [];
        if (json.TryGetProperty("batch", out JsonElement batch))
        {
            foreach (string name in json.GetProperty("uses").EnumerateArray().Select(used => used.GetString()!))
            {
                inputs[name] = file.Batch(batch.GetString()!, name);
            }
        }

        return inputs;
    }
}
