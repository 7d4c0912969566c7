namespace Proximal.Configuration;

/// <summary>A piece of configuration that knows where it was written. Immutable: overrides make new nodes.</summary>
internal abstract record ConfigurationNode(ConfigurationPosition Position)
{
    /// <summary>What the node is, in the words of an error message.</summary>
    public abstract string Description { get; }
}

/// <summary>A single value. Quoted ones are texts whatever they look like.</summary>
internal sealed record ScalarNode(ConfigurationPosition Position, string Text, bool Quoted) : ConfigurationNode(Position)
{
    private const int ShownLength = 60;

    public bool IsNull => !Quoted && Text is "" or "~" or "null" or "Null" or "NULL";

    public override string Description => IsNull
        ? "nothing"
        : $"{(Quoted ? "the text " : string.Empty)}'{Shown}'";

    private string Shown => Text.Length > ShownLength ? Text[..ShownLength] + "..." : Text;

    /// <summary>A word that was written without quotes, whatever its case.</summary>
    public bool IsWord(string word) => !Quoted && Text.Equals(word, StringComparison.OrdinalIgnoreCase);
}

/// <summary>A list.</summary>
internal sealed record SequenceNode(ConfigurationPosition Position, IReadOnlyList<ConfigurationNode> Items)
    : ConfigurationNode(Position)
{
    public override string Description => $"a list of {Items.Count}";
}

/// <summary>Keys and values, in the order they were written.</summary>
internal sealed record MappingNode(ConfigurationPosition Position, IReadOnlyList<MappingEntry> Entries)
    : ConfigurationNode(Position)
{
    public override string Description => Entries.Count == 0
        ? "an empty mapping"
        : $"a mapping (keys: {string.Join(", ", Entries.Take(5).Select(entry => entry.Key))}{(Entries.Count > 5 ? ", ..." : "")})";

    public MappingEntry? Find(string key) => Entries.FirstOrDefault(entry => entry.Key == key);
}

/// <summary>A key of a mapping, where it stands, and its value.</summary>
internal sealed record MappingEntry(string Key, ConfigurationPosition Position, ConfigurationNode Value);
