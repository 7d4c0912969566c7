using System.Globalization;
using System.Text.Json;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Golden;

/// <summary>
/// The rules of tests/golden-scope.json: by operation, system, function, parameters and properties of the inputs, never by
/// the name of a case. The first rule that matches counts; a case that none matches is run.
/// </summary>
internal sealed class GoldenScope
{
    private static readonly Lazy<GoldenScope> Loaded = new(() => new GoldenScope());

    private static readonly HashSet<string> Keys =
    [
        "operation", "system", "version", "function", "note", "params", "when", "outputs", "status", "issue", "as", "reason",
    ];

    private readonly List<JsonElement> _cases;
    private readonly List<JsonElement> _outputs;
    private readonly List<JsonElement> _settled;
    private readonly List<JsonElement> _models;
    private readonly List<JsonElement> _kinds;

    private GoldenScope()
    {
        var document = JsonDocument.Parse(File.ReadAllBytes(Tool.InRepository("tests", "golden-scope.json")));
        _cases = Rules(document, "cases");
        _outputs = Rules(document, "outputs");
        _settled = Rules(document, "settled");
        _models = [.. document.RootElement.GetProperty("models").EnumerateArray()];
        _kinds = [.. document.RootElement.GetProperty("kinds").EnumerateArray()];
    }

    public static GoldenScope Current => Loaded.Value;

    /// <summary>Whether a case is run.</summary>
    public ScopeVerdict Judge(RlCase one) => First(_cases, one) is { } rule ? Verdict(rule) : ScopeVerdict.Run;

    /// <summary>Why an output of a case that is run is not compared; <see langword="null"/>: it is.</summary>
    public string? Uncompared(RlCase one, string output) =>
        First(_outputs.Where(rule => Names(rule, "outputs").Contains(output)), one) is { } rule
            ? rule.GetProperty("reason").GetString()
            : null;

    /// <summary>Whether numerics.md settles in a named way what a reference leaves open.</summary>
    public bool IsSettled(RlCase one, string result) =>
        First(_settled.Where(rule => rule.GetProperty("as").GetString() == result), one) is not null;

    /// <summary>
    /// Whether a model's folder, or a part of what it holds, is run: by the keys of its config.json, flattened, with
    /// those of rope as rope_type.
    /// </summary>
    public ScopeVerdict JudgeModel(IReadOnlyDictionary<string, string> config, string? part = null)
    {
        JsonElement rule = _models.FirstOrDefault(rule => SpeaksOf(rule, part) && rule.GetProperty("config").EnumerateObject().All(
            key => config.TryGetValue(key.Name, out string? value) && MatchesKey(key.Value, value)));
        return rule.ValueKind == JsonValueKind.Undefined
            ? ScopeVerdict.Run
            : Verdict(rule) with { Refusal = rule.TryGetProperty("refusal", out JsonElement refusal) ? refusal.GetString()! : "" };
    }

    /// <summary>Whether files of a kind are run.</summary>
    public ScopeVerdict JudgeKind(GoldenKind kind)
    {
        JsonElement rule = _kinds.FirstOrDefault(rule => rule.GetProperty("kind").GetString() == kind.ToString());
        return rule.ValueKind == JsonValueKind.Undefined ? ScopeVerdict.Run : Verdict(rule);
    }

    private static bool SpeaksOf(JsonElement rule, string? part) =>
        !rule.TryGetProperty("part", out JsonElement own) || own.GetString() == part;

    private static List<JsonElement> Rules(JsonDocument document, string section)
    {
        List<JsonElement> rules = [.. document.RootElement.GetProperty(section).EnumerateArray()];
        foreach (JsonElement rule in rules)
        {
            // A misspelt key would make a rule wider than it reads.
            JsonProperty unknown = rule.EnumerateObject().FirstOrDefault(key => !Keys.Contains(key.Name));
            if (unknown.Value.ValueKind != JsonValueKind.Undefined || !rule.TryGetProperty("reason", out _))
            {
                throw new InvalidDataException($"golden-scope.json, {section}: unknown key or no reason in {rule}.");
            }
        }

        return rules;
    }

    private static JsonElement? First(IEnumerable<JsonElement> rules, RlCase one)
    {
        foreach (JsonElement rule in rules.Where(rule => Matches(rule, one)))
        {
            return rule;
        }

        return null;
    }

    private static ScopeVerdict Verdict(JsonElement rule)
    {
        string reason = rule.GetProperty("reason").GetString()!;
        return rule.GetProperty("status").GetString() switch
        {
            "later" => new(ScopeStatus.Later, $"issue {rule.GetProperty("issue").GetString()}: {reason}"),
            "out of scope" => new(ScopeStatus.OutOfScope, reason),
            string other => throw new InvalidDataException($"golden-scope.json: status '{other}' is neither later nor out of scope."),
            null => throw new InvalidDataException("golden-scope.json: a rule has no status."),
        };
    }

    private static bool Matches(JsonElement rule, RlCase one) =>
        Names(rule, "operation").Contains(one.Operation)
        && (!rule.TryGetProperty("system", out _) || Names(rule, "system").Contains(one.System))
        && (!rule.TryGetProperty("version", out JsonElement version) || one.Version.StartsWith(version.GetString()!, StringComparison.Ordinal))
        && (!rule.TryGetProperty("function", out _) || Names(rule, "function").Any(part => one.Function.Contains(part, StringComparison.Ordinal)))
        && (!rule.TryGetProperty("note", out JsonElement note) || one.Note.Contains(note.GetString()!, StringComparison.OrdinalIgnoreCase))
        && (!rule.TryGetProperty("params", out JsonElement parameters) || parameters.EnumerateObject().All(param => MatchesParam(param, one)))
        && Names(rule, "when").All(condition => ScopeConditions.Holds(condition, one));

    private static bool MatchesParam(JsonProperty rule, RlCase one)
    {
        bool present = one.Has(rule.Name);
        if (rule.Value.ValueKind != JsonValueKind.Object)
        {
            return present && Alternatives(rule.Value).Any(allowed => Same(allowed, one.Params.GetProperty(rule.Name)));
        }

        foreach (JsonProperty test in rule.Value.EnumerateObject())
        {
            bool holds = test.Name switch
            {
                "present" => present == test.Value.GetBoolean(),
                "below" => present && one.Number(rule.Name) < test.Value.GetDouble(),
                _ => throw new InvalidDataException($"golden-scope.json: unknown test '{test.Name}' of parameter {rule.Name}."),
            };
            if (!holds)
            {
                return false;
            }
        }

        return true;
    }

    private static bool MatchesKey(JsonElement allowed, string value) => allowed.ValueKind == JsonValueKind.Object
        ? Alternatives(allowed.GetProperty("not")).All(other => other.GetString() != value)
        : Alternatives(allowed).Any(one => one.GetString() == value);

    private static bool Same(JsonElement a, JsonElement b) => (a.ValueKind, b.ValueKind) switch
    {
        (JsonValueKind.Number, JsonValueKind.Number) => a.GetDouble().Equals(b.GetDouble()),
        _ => a.ValueKind == b.ValueKind && string.Equals(
            Convert.ToString(a, CultureInfo.InvariantCulture), Convert.ToString(b, CultureInfo.InvariantCulture), StringComparison.Ordinal),
    };

    private static JsonElement[] Alternatives(JsonElement json) =>
        json.ValueKind == JsonValueKind.Array ? [.. json.EnumerateArray()] : [json];

    private static IEnumerable<string> Names(JsonElement rule, string key) =>
        rule.TryGetProperty(key, out JsonElement value) ? Alternatives(value).Select(name => name.GetString()!) : [];
}
