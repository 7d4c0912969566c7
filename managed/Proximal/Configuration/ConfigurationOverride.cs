using System.Globalization;
using System.Text.RegularExpressions;

namespace Proximal.Configuration;

/// <summary>One <c>a.b[0].c=value</c>: replaces a value of the file or adds one.</summary>
internal static partial class ConfigurationOverride
{
    /// <summary>The configuration with the override in it.</summary>
    public static ConfigurationNode Apply(ConfigurationNode root, string text)
    {
        // Paths typed at a shell start at the shell's folder, not at the file's.
        var source = new ConfigurationSource($"--set {text}", Directory.GetCurrentDirectory(), IsOverride: true);
        var position = new ConfigurationPosition(source, 0, 0);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0 || !PathPattern().IsMatch(text[..equals]))
        {
            throw new ConfigurationException(position, string.Empty, "expected KEY=VALUE, as in --set sampling.temperature=0.7");
        }

        string[] path = [.. PartPattern().Matches(text[..equals]).Select(match => match.Value)];
        string value = text[(equals + 1)..];
        ConfigurationNode node = string.IsNullOrWhiteSpace(value)
            ? new ScalarNode(position, string.Empty, Quoted: false)
            : YamlReader.Read(value, source);
        return Set(root, path, 0, node, position);
    }

    private static ConfigurationNode Set(
        ConfigurationNode? target, string[] path, int depth, ConfigurationNode value, ConfigurationPosition position)
    {
        if (depth == path.Length)
        {
            return value;
        }

        string part = path[depth];
        bool isIndex = part.All(char.IsAsciiDigit);
        int index = int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) ? parsed : -1;
        return target switch
        {
            SequenceNode list => SetItem(list, index, path, depth, value, position),
            MappingNode mapping => SetKey(mapping, path, depth, value, position),
            null or ScalarNode when isIndex => SetItem(new SequenceNode(position, []), index, path, depth, value, position),
            _ => SetKey(new MappingNode(position, []), path, depth, value, position),
        };
    }

    private static SequenceNode SetItem(
        SequenceNode list, int index, string[] path, int depth, ConfigurationNode value, ConfigurationPosition position)
    {
        string key = string.Join('.', path[..depth]);
        if (index < 0 || index > list.Items.Count)
        {
            throw new ConfigurationException(
                position,
                key,
                $"is a list of {list.Items.Count} and has no item '{path[depth]}'; name one from 0 to {list.Items.Count} (which appends)");
        }

        List<ConfigurationNode> items = [.. list.Items];
        ConfigurationNode item = Set(index < items.Count ? items[index] : null, path, depth + 1, value, position);
        if (index < items.Count)
        {
            items[index] = item;
        }
        else
        {
            items.Add(item);
        }

        return list with { Items = items };
    }

    private static MappingNode SetKey(
        MappingNode mapping, string[] path, int depth, ConfigurationNode value, ConfigurationPosition position)
    {
        string key = path[depth];
        ConfigurationNode child = Set(mapping.Find(key)?.Value, path, depth + 1, value, position);
        MappingEntry entry = mapping.Find(key) is { } old && depth + 1 < path.Length
            ? old with { Value = child }
            : new MappingEntry(key, position, child);
        return mapping with
        {
            Entries = mapping.Find(key) is null
                ? [.. mapping.Entries, entry]
                : [.. mapping.Entries.Select(existing => existing.Key == key ? entry : existing)],
        };
    }

    [GeneratedRegex(@"^\w+(\.\w+|\[\d+\])*$")]
    private static partial Regex PathPattern();

    [GeneratedRegex(@"\w+")]
    private static partial Regex PartPattern();
}
