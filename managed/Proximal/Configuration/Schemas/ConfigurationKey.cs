namespace Proximal.Configuration.Schemas;

/// <summary>A key of a stage, with all that is known of it.</summary>
/// <param name="Path">The key in full; items of a list are <c>[]</c>: <c>rewards[].weight</c>.</param>
/// <param name="Depth">How many keys it stands below.</param>
/// <param name="Kind">The kind of record that has it; <see langword="null"/>: there is one, or all have it.</param>
/// <param name="Type">What may be written, in words.</param>
/// <param name="Description">What it means.</param>
internal sealed record ConfigurationKey(string Path, int Depth, ConfigurationKind? Kind, string Type, string Description)
{
    /// <summary>What holds when it is left out, as YAML; <see langword="null"/>: it is required, or its own keys have defaults.</summary>
    public string? Default { get; init; }

    /// <summary>It has to be there.</summary>
    public bool IsRequired { get; init; }

    /// <summary>The key whose value may stand alone in place of a mapping; <see langword="null"/>: none.</summary>
    public string? Shorthand { get; init; }

    /// <summary>The values that it may have, each with its meaning; empty: they are not counted.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Values { get; init; } = [];

    /// <summary>The stage can be resumed.</summary>
    public bool IsResumable { get; init; }

    /// <summary>It may be another one when a run is resumed.</summary>
    public bool MayChange { get; init; }

    /// <summary>The condition for that, in words; <see langword="null"/>: none.</summary>
    public string? ChangeCondition { get; init; }

    /// <summary>A value that can be written; <see langword="null"/>: it is a mapping or a list of them.</summary>
    public string? Example { get; init; }

    /// <summary>The kind of record that the example shows.</summary>
    public ConfigurationKind? ExampleKind { get; init; }

    /// <summary>The key's last name.</summary>
    public string Name => Path[(Path.LastIndexOf('.') + 1)..];

    /// <summary>How it is written with those it stands below, as in <c>rewards: [{type: http, url: TEXT}]</c>; <see langword="null"/>: no example.</summary>
    public string? ExampleLine()
    {
        string? inner = Example;
        string[] names = Path.Split('.');
        for (int i = names.Length - 1; i >= 0 && inner is not null; i--)
        {
            string kind = ExampleKind?.Depth == i ? $"{ExampleKind.Key}: {ExampleKind.Name}, " : string.Empty;
            bool isList = i < names.Length - 1 && names[i].EndsWith("[]", StringComparison.Ordinal);
            string name = isList ? names[i][..^2] : names[i];
            string mapping = $"{kind}{name}: {(isList ? $"[{inner}]" : inner)}";
            inner = i == 0 ? mapping : $"{{{mapping}}}";
        }

        return inner;
    }

    /// <summary>How it is set on the command line; <see langword="null"/>: no example.</summary>
    public string? ExampleOverride() => Example is null ? null : $"{Path.Replace("[]", "[0]", StringComparison.Ordinal)}={Example}";
}
