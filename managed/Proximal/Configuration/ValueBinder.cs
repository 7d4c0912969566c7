using System.Reflection;
using Proximal.Hub;

namespace Proximal.Configuration;

/// <summary>Turns nodes into records, lists and values.</summary>
internal static class ValueBinder
{
    /// <summary>What may be written for nothing, beside YAML's null, whatever its case.</summary>
    public static readonly string[] Off = ["off", "none"];

    /// <summary>Binds a node.</summary>
    /// <param name="type">What is wanted.</param>
    /// <param name="isNullable">Nothing is a value.</param>
    /// <param name="isPath">Texts are paths.</param>
    /// <param name="node">What was written.</param>
    /// <param name="key">The key in full, for messages.</param>
    public static object? Bind(Type type, bool isNullable, bool isPath, ConfigurationNode node, string key)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        isNullable |= bare != type;
        if (node is ScalarNode scalar)
        {
            bool isOff = MayBeOff(bare) && Off.Any(scalar.IsWord);
            if (isNullable && (scalar.IsNull || isOff))
            {
                return null;
            }

            if (scalar.IsNull)
            {
                throw new ConfigurationException(
                    node.Position, key, $"has no value; write {ScalarBinder.Describe(bare)} or remove the key");
            }
        }

        return ScalarBinder.Handles(bare) ? BindScalar(bare, isPath, node, key)
            : ListTypes.ItemOf(bare) is { } item ? BindList(bare, item, isPath, node, key)
            : ListTypes.ValueOf(bare) is { } value ? BindDictionary(value, isPath, node, key)
            : BindRecord(bare, node, key);
    }

    /// <summary>
    /// Whether <see cref="Off"/> means nothing where nothing is allowed: it is a word for a text, and false for a truth value.
    /// </summary>
    public static bool MayBeOff(Type type) => type != typeof(string) && type != typeof(bool);

    private static object BindScalar(Type type, bool isPath, ConfigurationNode node, string key)
    {
        if (node is not ScalarNode scalar)
        {
            throw WrongKind(type, node, key, "write a single value");
        }

        return isPath ? WholePath(RequirePath(scalar, key), node.Position.Source.Directory) : ScalarBinder.Bind(type, scalar, key);
    }

    /// <summary>A path from the source's folder; where nothing is there, the snapshot of the hub's model of that name, if it was pulled.</summary>
    private static string WholePath(string text, string folder)
    {
        string path = Path.GetFullPath(Path.Combine(folder, text));
        return Path.Exists(path) ? path : HubModels.Find(text) ?? path;
    }

    private static string RequirePath(ScalarNode node, string key) =>
        node.Text.Trim().Length > 0 && !node.Text.Contains('\0', StringComparison.Ordinal)
            ? node.Text
            : throw new ConfigurationException(node.Position, key, "is no path; write the name of a file or folder");

    private static object BindList(Type type, Type item, bool isPath, ConfigurationNode node, string key)
    {
        if (node is not SequenceNode list)
        {
            throw WrongKind(type, node, key, "write it as [a, b] or with a dash before each item");
        }

        return ListTypes.MakeList(
            type, item, [.. list.Items.Select((value, index) => Bind(item, isNullable: false, isPath, value, $"{key}[{index}]"))]);
    }

    private static object BindDictionary(Type value, bool isPath, ConfigurationNode node, string key) =>
        node is MappingNode mapping
            ? ListTypes.MakeDictionary(value, mapping.Entries.Select(entry => KeyValuePair.Create(
                entry.Key, Bind(value, isNullable: false, isPath, entry.Value, Join(key, entry.Key)))))
            : throw new ConfigurationException(
                node.Position, key, $"expected a mapping of names and values, got {node.Description}; write name: value");

    private static object BindRecord(Type type, ConfigurationNode node, string key)
    {
        if (Expand(type, node) is not MappingNode mapping)
        {
            throw WrongKind(type, node, key, Keys(type));
        }

        RecordVariants? variants = RecordVariants.Of(type);
        RecordShape shape = RecordShape.Of(variants is null ? type : ChooseVariant(variants, mapping, key));
        var values = new Dictionary<RecordMember, object?>();
        foreach (MappingEntry entry in mapping.Entries.Where(entry => entry.Key != variants?.Discriminator))
        {
            RecordMember member = shape.Members.FirstOrDefault(member => member.Key == entry.Key)
                ?? throw UnknownKey(shape, entry, key);
            values[member] = Bind(member.Type, member.IsNullable, member.IsPath, entry.Value, Join(key, member.Key));
        }

        if (shape.Members.FirstOrDefault(member => member.IsRequired && !values.ContainsKey(member)) is { } missing)
        {
            throw new ConfigurationException(
                mapping.Position, Join(key, missing.Key), $"missing; add '{missing.Key}:' with {ScalarBinder.Describe(missing.Type)}");
        }

        return CreateValid(shape, values, mapping, key);
    }

    /// <summary>The mapping that a single value stands for, where the record has a shorthand.</summary>
    private static ConfigurationNode Expand(Type type, ConfigurationNode node) =>
        node is ScalarNode && type.GetCustomAttribute<ConfigurationShorthandAttribute>() is { } shorthand
            ? new MappingNode(node.Position, [new MappingEntry(RecordShape.KeyOf(shorthand.Member), node.Position, node)])
            : node;

    private static Type ChooseVariant(RecordVariants variants, MappingNode mapping, string key)
    {
        string full = Join(key, variants.Discriminator);
        if (mapping.Find(variants.Discriminator) is not { } entry)
        {
            throw new ConfigurationException(
                mapping.Position, full, $"missing; add '{variants.Discriminator}:' with one of {string.Join(", ", variants.Names)}");
        }

        string name = entry.Value is ScalarNode scalar ? scalar.Text : string.Empty;
        return variants.Types.FirstOrDefault(kind => kind.Key == name).Value
            ?? throw new ConfigurationException(
                entry.Value.Position,
                full,
                $"expected one of {string.Join(", ", variants.Names)}, got {entry.Value.Description}; {NearestName.Advice(name, variants.Names)}");
    }

    /// <summary>Makes the record and lets it judge itself.</summary>
    private static object CreateValid(
        RecordShape shape, Dictionary<RecordMember, object?> values, MappingNode mapping, string key)
    {
        try
        {
            object record = shape.Create(values);
            shape.Type.GetMethod("Validate", BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance, [])
                ?.Invoke(record, BindingFlags.DoNotWrapExceptions, binder: null, [], culture: null);
            return record;
        }
        catch (ArgumentException failure)
        {
            throw Refused(shape, failure, mapping, key);
        }
    }

    /// <summary>What a record said about itself, at the place of the value it speaks of.</summary>
    private static ConfigurationException Refused(
        RecordShape shape, ArgumentException failure, MappingNode mapping, string key)
    {
        (ConfigurationNode node, string path) = Locate(shape, failure.ParamName ?? string.Empty, mapping);
        string got = failure is ArgumentOutOfRangeException { ActualValue: { } value } ? $"; got {ScalarBinder.Write(value)}" : string.Empty;
        return new ConfigurationException(node.Position, path.Length == 0 ? key : Join(key, path), ReasonOf(failure) + got, failure);
    }

    /// <summary>Follows a name such as Kl.Target as far as it was written; leading parts may be those of an outer record.</summary>
    private static (ConfigurationNode Node, string Path) Locate(RecordShape shape, string name, MappingNode mapping)
    {
        string[] parts = [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).Select(RecordShape.KeyOf)];
        int start = Array.FindIndex(parts, part => shape.Keys.Contains(part));
        if (start < 0)
        {
            return (mapping, string.Empty);
        }

        ConfigurationNode node = mapping;
        foreach (string part in parts[start..])
        {
            if ((node as MappingNode)?.Find(part) is not { } entry)
            {
                break;
            }

            node = entry.Value;
        }

        return (node, string.Join('.', parts[start..]));
    }

    private static string ReasonOf(ArgumentException failure)
    {
        string text = failure.Message;
        int end = text.IndexOf(" (Parameter '", StringComparison.Ordinal);
        text = end < 0 ? text : text[..end];
        text = text.Split('\n')[0].Trim().TrimEnd('.');
        return text.Length > 1 ? char.ToLowerInvariant(text[0]) + text[1..] : "is refused";
    }

    private static ConfigurationException UnknownKey(RecordShape shape, MappingEntry entry, string key) => new(
        entry.Position, Join(key, entry.Key), $"unknown key; {NearestName.Advice(entry.Key, shape.Keys)}");

    private static ConfigurationException WrongKind(Type type, ConfigurationNode node, string key, string fix) =>
        new(node.Position, key, $"expected {ScalarBinder.Describe(type)}, got {node.Description}; {fix}");

    private static string Keys(Type type) => RecordVariants.Of(type) is { } variants
        ? $"start with '{variants.Discriminator}:' and one of {string.Join(", ", variants.Names)}"
        : $"its keys are {string.Join(", ", RecordShape.Of(type).Keys)}";

    private static string Join(string key, string part) => key.Length == 0 ? part : $"{key}.{part}";
}
