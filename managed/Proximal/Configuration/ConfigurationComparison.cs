using System.Collections;
using System.Reflection;

namespace Proximal.Configuration;

/// <summary>Finds the keys in which two configurations differ.</summary>
internal static class ConfigurationComparison
{
    /// <summary>Compares a record with one that was written earlier.</summary>
    /// <param name="options">The record as it is now.</param>
    /// <param name="now">What <see cref="ConfigurationWriter"/> makes of it.</param>
    /// <param name="before">What it made of the earlier one.</param>
    /// <param name="name">What messages call the earlier text.</param>
    /// <exception cref="ConfigurationException">The earlier text is no configuration.</exception>
    public static IReadOnlyList<ConfigurationChange> Compare(object options, string now, string before, string name)
    {
        var changes = new List<ConfigurationChange>();
        Compare(changes, string.Empty, mayChange: false, options, Read(before, name), Read(now, "configuration"));
        return changes;
    }

    private static ConfigurationNode Read(string text, string name) =>
        YamlReader.Read(text, new ConfigurationSource(name, Directory.GetCurrentDirectory(), IsOverride: false));

    private static void Compare(
        List<ConfigurationChange> changes, string key, bool mayChange, object? value, ConfigurationNode? before, ConfigurationNode? now)
    {
        if (before is MappingNode old && now is MappingNode current)
        {
            foreach (string name in current.Entries.Concat(old.Entries).Select(entry => entry.Key).Distinct())
            {
                (object? child, bool childMayChange) = Member(value, name);
                string full = key.Length == 0 ? name : $"{key}.{name}";
                Compare(changes, full, mayChange || childMayChange, child, old.Find(name)?.Value, current.Find(name)?.Value);
            }
        }
        else if (before is SequenceNode oldList && now is SequenceNode list && oldList.Items.Count == list.Items.Count)
        {
            object?[] items = value is IEnumerable many ? [.. many.Cast<object?>()] : [];
            for (int i = 0; i < list.Items.Count; i++)
            {
                Compare(changes, $"{key}[{i}]", mayChange, items.ElementAtOrDefault(i), oldList.Items[i], list.Items[i]);
            }
        }
        else if (Text(before) != Text(now))
        {
            changes.Add(new ConfigurationChange(key, Text(before), Text(now), mayChange));
        }
    }

    /// <summary>The value that a record has for a key, and whether it may change.</summary>
    private static (object? Value, bool MayChange) Member(object? record, string key)
    {
        Type? type = record?.GetType();
        if (type is null || ScalarBinder.Handles(type) || record is IEnumerable)
        {
            return (null, false);
        }

        PropertyInfo? property = RecordShape.Of(type).Members.FirstOrDefault(member => member.Key == key)?.Property;
        return property is null ? (null, false) : (property.GetValue(record), MayChange(property, record!));
    }

    private static bool MayChange(PropertyInfo property, object record)
    {
        if (property.GetCustomAttribute<ChangeableOnResumeAttribute>() is not { } mark)
        {
            return false;
        }

        return mark.Condition is null || (bool)record.GetType()
            .GetProperty(mark.Condition, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)!
            .GetValue(record)!;
    }

    /// <summary>A node on one line, as YAML writes it.</summary>
    private static string Text(ConfigurationNode? node) => node switch
    {
        ScalarNode scalar => scalar.Text,
        SequenceNode list => $"[{string.Join(", ", list.Items.Select(Text))}]",
        MappingNode mapping => $"{{{string.Join(", ", mapping.Entries.Select(entry => $"{entry.Key}: {Text(entry.Value)}"))}}}",
        _ => "not there",
    };
}
