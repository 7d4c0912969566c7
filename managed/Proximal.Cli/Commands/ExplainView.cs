using System.Text;
using Proximal.Cli.Terminal;
using Proximal.Configuration.Schemas;

namespace Proximal.Cli.Commands;

/// <summary>Keys as <c>config explain</c> answers them to people.</summary>
/// <param name="columns">The width of the terminal.</param>
internal sealed class ExplainView(int columns)
{
    private const int Label = 11;
    private const int Least = 60;
    private const int Most = 100;
    private const int TextColumn = 30;

    private readonly int _width = Math.Clamp(columns, Least, Most);
    private readonly StringBuilder _text = new();

    /// <summary>The commands that read a YAML file.</summary>
    public string Stages()
    {
        Line("Commands that read a YAML file:");
        _text.Append('\n');
        foreach (ConfigurationStage stage in ConfigurationStage.All)
        {
            Row($"  {stage.Name}", 12, ConfigurationSchema.Of(stage).Describe(stage.Type));
        }

        _text.Append('\n');
        Line("`proximal config explain COMMAND` lists the keys of one, `proximal config explain KEY` says all of a key.");
        return _text.ToString();
    }

    /// <summary>All keys of a command, each under the one it belongs to.</summary>
    public string Tree(ConfigurationStage stage, IReadOnlyList<ConfigurationKey> keys)
    {
        Line($"`proximal {stage.Name}`: {ConfigurationSchema.Of(stage).Describe(stage.Type)}");
        _text.Append('\n');
        ConfigurationKind? kind = null;
        foreach (ConfigurationKey key in keys)
        {
            if (key.Kind is { } own && own != kind)
            {
                Row($"{Indent(own.Depth)}{own.Key}: {own.Name}", TextColumn, Meaning(keys, key, own));
            }

            kind = key.Kind;
            string name = $"{Indent(key.Depth + (kind is null ? 0 : 1))}{key.Name}{(IsListOfMappings(keys, key) ? "[]" : string.Empty)}";
            Row(name, TextColumn, TypeAndDefault(key));
            Row(string.Empty, TextColumn, FirstSentence(key.Description));
        }

        _text.Append('\n');
        Line($"`proximal config explain {stage.Name} KEY` says all of a key, such as {keys[^1].Path}.");
        return _text.ToString();
    }

    /// <summary>Some keys, with their full names.</summary>
    public string List(IReadOnlyList<ExplainedKey> keys)
    {
        foreach (ExplainedKey key in keys)
        {
            Line($"{key.Key.Path} ({Where(key)})");
            Row(string.Empty, 4, TypeAndDefault(key.Key));
            Row(string.Empty, 4, FirstSentence(key.Key.Description));
        }

        return _text.ToString();
    }

    /// <summary>All that is known of keys.</summary>
    public string Details(IReadOnlyList<ExplainedKey> keys)
    {
        foreach (ExplainedKey key in keys)
        {
            _text.Append(_text.Length > 0 ? "\n" : string.Empty);
            Details(key);
        }

        return _text.ToString();
    }

    private void Details(ExplainedKey explained)
    {
        ConfigurationKey key = explained.Key;
        Line($"{key.Path} ({Where(explained)})");
        _text.Append('\n');
        Line(key.Description);
        _text.Append('\n');
        Field("type", key.Type);
        Field("default", key.IsRequired ? "none: it is required" : key.Default ?? "those of its keys");
        foreach ((string value, string meaning) in key.Values)
        {
            Field(value == key.Values[0].Key ? "values" : string.Empty, $"{value}: {meaning}");
        }

        if (key.Shorthand is { } shorthand)
        {
            Field("shorthand", $"a single value is its {shorthand}: `{key.Name}: PATH` is `{key.Name}: {{{shorthand}: PATH}}`");
        }

        Field("keys", KeysBelow(explained));
        Field("resume", !key.IsResumable ? string.Empty
            : !key.MayChange ? "must be as it was when a run is resumed"
            : $"may change when a run is resumed{(key.ChangeCondition is { } condition ? $", {condition}" : string.Empty)}");
        Field("example", key.ExampleLine() ?? string.Empty);
        Field(string.Empty, key.ExampleOverride() is { } change ? $"--set {change}" : string.Empty);
    }

    /// <summary>The keys that stand directly below one.</summary>
    private static string KeysBelow(ExplainedKey explained)
    {
        ConfigurationKey[] below = [.. ConfigurationKeys.Of(ConfigurationStage.Find(explained.Stages[0])!)
            .Where(key => key.Depth == explained.Key.Depth + 1 && IsBelow(key, explained.Key))];
        string names = string.Join(", ", below.Where(key => key.Kind == explained.Key.Kind).Select(key => key.Name).Distinct());
        return below.FirstOrDefault(key => key.Kind != explained.Key.Kind)?.Kind is { } kind ? $"{names}, and those of its {kind.Key}" : names;
    }

    private static bool IsBelow(ConfigurationKey key, ConfigurationKey above) =>
        key.Path.StartsWith($"{above.Path}.", StringComparison.Ordinal) || key.Path.StartsWith($"{above.Path}[].", StringComparison.Ordinal);

    private static bool IsListOfMappings(IReadOnlyList<ConfigurationKey> keys, ConfigurationKey key) =>
        keys.Any(other => other.Path.StartsWith($"{key.Path}[].", StringComparison.Ordinal));

    private static string Where(ExplainedKey key) =>
        $"proximal {string.Join(", ", key.Stages)}{(key.Key.Kind is { } kind ? $"; {kind.Key}: {kind.Name}" : string.Empty)}";

    /// <summary>What the kind of record is, from the values of the key that chooses it.</summary>
    private static string Meaning(IReadOnlyList<ConfigurationKey> keys, ConfigurationKey key, ConfigurationKind kind)
    {
        string chooser = $"{key.Path[..key.Path.LastIndexOf('.')]}.{kind.Key}";
        return keys.First(other => other.Path == chooser).Values.First(value => value.Key == kind.Name).Value;
    }

    private static string TypeAndDefault(ConfigurationKey key) => key.IsRequired ? $"{key.Type} [required]"
        : key.Default is { } value ? $"{key.Type} [default: {value}]"
        : key.Type;

    private static string FirstSentence(string text)
    {
        int end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text : text[..(end + 1)];
    }

    private static string Indent(int depth) => new(' ', 2 * depth);

    private void Field(string name, string text)
    {
        if (text.Length > 0)
        {
            Row($"  {name}", Label + 2, text);
        }
    }

    private void Line(string text) => Row(string.Empty, 0, text);

    private void Row(string name, int column, string text)
    {
        _text.Append(name.PadRight(column));
        if (name.Length >= column && column > 0)
        {
            _text.Append('\n').Append(' ', column);
        }

        Paragraph.Append(_text, text, column, _width);
        _text.Append('\n');
    }
}
