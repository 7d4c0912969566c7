using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Tokenization.Loading;

namespace Proximal.Tokenization.Writing;

/// <summary>Finds the name under which llama.cpp knows how a tokenizer.json divides text.</summary>
internal static class GgufSplits
{
    private static readonly string[] Names = GgufPreTokenizer.Names.Split(", ");

    /// <summary>The name; <see langword="null"/>: llama.cpp has none.</summary>
    /// <param name="root">The whole of tokenizer.json.</param>
    /// <param name="ignoresMerges">A word that is a token is taken whole; <see langword="null"/>: it makes no difference to this vocabulary.</param>
    public static string? NameOf(JsonPlace root, bool? ignoresMerges)
    {
        string wanted = Signature(root.Optional("normalizer")?.Element, root.Optional("pre_tokenizer")?.Element);
        return Array.Find(Names, name =>
        {
            GgufPreTokenizer known = GgufPreTokenizer.Of(name)!;
            return Signature(Element(known.Normalizer), Element(known.Steps)) == wanted && (ignoresMerges ?? known.IgnoreMerges) == known.IgnoreMerges;
        });
    }

    private static JsonElement? Element(JsonObject? node) => node is null ? null : JsonSerializer.SerializeToElement(node);

    /// <summary>A text that is the same for steps that do the same: without nesting, offsets and what is the default.</summary>
    private static string Signature(JsonElement? normalizer, JsonElement? steps) =>
        string.Join('\n', Flat(normalizer, "normalizers").Concat(["then"]).Concat(Flat(steps, "pretokenizers")));

    private static IEnumerable<string> Flat(JsonElement? node, string list)
    {
        if (node is not { ValueKind: JsonValueKind.Object } step)
        {
            return [];
        }

        return step.TryGetProperty(list, out JsonElement steps) && steps.ValueKind == JsonValueKind.Array
            ? steps.EnumerateArray().SelectMany(item => Flat(item, list))
            : [Step(step)];
    }

    private static string Step(JsonElement step) => Text(step, "type") switch
    {
        "ByteLevel" => $"bytes {Flag(step, "add_prefix_space", true)} {Flag(step, "use_regex", true)}",
        "Digits" => $"digits {Flag(step, "individual_digits", false)}",
        "Split" => $"split {Text(step, "behavior")} {Flag(step, "invert", false)} {Pattern(step)}",
        "NFC" => "NFC",
        _ => step.GetRawText(),
    };

    private static string Pattern(JsonElement step) =>
        step.TryGetProperty("pattern", out JsonElement pattern) && pattern.ValueKind == JsonValueKind.Object
            ? string.Join(' ', pattern.EnumerateObject().Select(form => $"{form.Name} {form.Value}"))
            : string.Empty;

    private static string? Text(JsonElement step, string name) =>
        step.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool Flag(JsonElement step, string name, bool missing) =>
        step.TryGetProperty(name, out JsonElement value) ? value.ValueKind == JsonValueKind.True : missing;
}
