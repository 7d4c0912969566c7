using System.Reflection;
using System.Text.RegularExpressions;

namespace Proximal.Configuration.Schemas;

/// <summary>Lists the keys of a stage, outer ones before those that stand below them.</summary>
internal sealed partial class ConfigurationKeys
{
    private readonly ConfigurationStage _stage;
    private readonly ConfigurationSchema _schema;
    private readonly List<ConfigurationKey> _keys = [];

    private ConfigurationKeys(ConfigurationStage stage)
    {
        _stage = stage;
        _schema = ConfigurationSchema.Of(stage);
    }

    /// <summary>The keys of a stage, in the order of <see cref="ConfigurationWriter"/>.</summary>
    public static IReadOnlyList<ConfigurationKey> Of(ConfigurationStage stage)
    {
        var keys = new ConfigurationKeys(stage);
        keys.AddRecord(new Place(string.Empty, 0, null, null, MayChange: false), stage.Type);
        return keys._keys;
    }

    /// <summary>The keys that a user may mean: by their full name, else by its end.</summary>
    /// <param name="keys">The keys of a stage.</param>
    /// <param name="name">As a user writes it; an index in it may be any.</param>
    public static IReadOnlyList<ConfigurationKey> Find(IReadOnlyList<ConfigurationKey> keys, string name)
    {
        string wanted = IndexPattern().Replace(name, "[]");
        ConfigurationKey[] exact = [.. keys.Where(key => key.Path == wanted)];
        return exact.Length > 0 ? exact : [.. keys.Where(key => key.Path.EndsWith($".{wanted}", StringComparison.Ordinal))];
    }

    private void AddRecord(Place place, Type type)
    {
        if (RecordVariants.Of(type) is { } variants)
        {
            AddVariants(place, type, variants);
            return;
        }

        foreach (RecordMember member in RecordShape.Of(type).Members)
        {
            AddMember(place, type, member);
        }
    }

    /// <summary>The key that chooses the kind, what all kinds have, and then what each has.</summary>
    private void AddVariants(Place place, Type type, RecordVariants variants)
    {
        _keys.Add(new ConfigurationKey(
            place.Of(variants.Discriminator), place.Depth, null, $"one of {string.Join(", ", variants.Names)}", _schema.Describe(type, variants.Discriminator))
        {
            IsRequired = true,
            Values = [.. variants.Types.Select(kind => KeyValuePair.Create(kind.Key, _schema.Describe(kind.Value)))],
            IsResumable = _stage.IsResumable,
            MayChange = _stage.IsResumable && place.MayChange,
            Example = variants.Names[0],
        });
        // A common key is shown with a kind that needs no other key.
        (string plain, Type first) = variants.Types.OrderBy(kind => RecordShape.Of(kind.Value).Members.Count(member => member.IsRequired)).First();
        Place common = place with { ExampleKind = new ConfigurationKind(variants.Discriminator, plain, place.Depth) };
        foreach (RecordMember member in RecordShape.Of(first).Members.Where(member => IsCommon(member, type)))
        {
            AddMember(common, first, member);
        }

        foreach ((string name, Type kind) in variants.Types)
        {
            var own = new ConfigurationKind(variants.Discriminator, name, place.Depth);
            foreach (RecordMember member in RecordShape.Of(kind).Members.Where(member => !IsCommon(member, type)))
            {
                AddMember(place with { Kind = own, ExampleKind = own }, kind, member);
            }
        }
    }

    private static bool IsCommon(RecordMember member, Type type) => member.Property is { } property && property.DeclaringType!.IsAssignableFrom(type);

    private void AddMember(Place place, Type record, RecordMember member)
    {
        Type bare = Nullable.GetUnderlyingType(member.Type) ?? member.Type;
        ChangeableOnResumeAttribute? mark = member.Property?.GetCustomAttribute<ChangeableOnResumeAttribute>();
        bool mayChange = _stage.IsResumable && (place.MayChange || mark is not null);
        object? value = member.IsRequired ? null : RecordShape.Of(record).DefaultOf(member);
        bool hasOwnKeys = HasOwnKeys(bare) && value is not null;
        string path = place.Of(member.Key);
        _keys.Add(new ConfigurationKey(path, place.Depth, place.Kind, Words(member, bare), _schema.Describe(record, member.Key))
        {
            Default = member.IsRequired || hasOwnKeys ? null : ConfigurationWriter.WriteInline(value),
            IsRequired = member.IsRequired,
            Shorthand = ShorthandOf(ListTypes.ItemOf(bare) ?? bare),
            Values = bare.IsEnum ? [.. ScalarBinder.NamesOf(bare).Zip(_schema.DescribeValues(bare), KeyValuePair.Create)] : [],
            IsResumable = _stage.IsResumable,
            MayChange = mayChange,
            ChangeCondition = mayChange && !place.MayChange ? _schema.ConditionOf(record, member.Key) : null,
            Example = ExampleOf(bare, member, value),
            ExampleKind = place.ExampleKind,
        });
        Place below = place with { Path = path, Depth = place.Depth + 1, MayChange = mayChange && mark?.Condition is null };
        if (HasOwnKeys(bare))
        {
            AddRecord(below, bare);
        }
        else if (ListTypes.ItemOf(bare) is { } item && HasOwnKeys(item))
        {
            AddRecord(below with { Path = $"{path}[]" }, item);
        }
    }

    [GeneratedRegex(@"\[\d*\]|\.\d+(?=\.|$)")]
    private static partial Regex IndexPattern();

    private static bool HasOwnKeys(Type type) =>
        !ScalarBinder.Handles(type) && ListTypes.ItemOf(type) is null && ListTypes.ValueOf(type) is null;

    private static string? ShorthandOf(Type type) =>
        type.GetCustomAttribute<ConfigurationShorthandAttribute>() is { } shorthand ? RecordShape.KeyOf(shorthand.Member) : null;

    private static string Words(RecordMember member, Type bare)
    {
        string one = member.IsPath ? "a path" : ScalarBinder.Describe(bare);
        string words = ListTypes.ItemOf(bare) is { } item ? $"a list, each {(member.IsPath ? one : WordsOf(item))}"
            : ListTypes.ValueOf(bare) is { } value ? $"a mapping of names, each to {WordsOf(value)}"
            : HasOwnKeys(bare) ? WordsOf(bare)
            : one;
        return member.IsNullable || bare != member.Type ? $"{words}, or null" : words;
    }

    private static string WordsOf(Type type) => !HasOwnKeys(type) ? ScalarBinder.Describe(type)
        : ShorthandOf(type) is { } shorthand ? $"its {shorthand} alone, or a mapping"
        : "a mapping";

    /// <summary>A value to show how it is written: the default where it says something, else one of its type.</summary>
    private static string? ExampleOf(Type bare, RecordMember member, object? value) =>
        HasOwnKeys(bare) || (ListTypes.ItemOf(bare) is { } item && HasOwnKeys(item)) ? null
        : value is not (null or "") && ListTypes.ItemOf(bare) is null && ListTypes.ValueOf(bare) is null ? ConfigurationWriter.WriteInline(value)
        : ListTypes.ItemOf(bare) is { } one ? $"[{ExampleOf(one, member.IsPath)}]"
        : ListTypes.ValueOf(bare) is { } entry ? $"{{NAME: {ExampleOf(entry, member.IsPath)}}}"
        : ExampleOf(bare, member.IsPath);

    private static string ExampleOf(Type type, bool isPath) => isPath ? "PATH"
        : type.IsEnum ? ScalarBinder.NamesOf(type)[0]
        : type == typeof(string) ? "TEXT"
        : type == typeof(bool) ? "true"
        : "1";

    /// <summary>Where keys are added.</summary>
    /// <param name="Path">The key they stand below; empty: none.</param>
    /// <param name="Depth">How many keys they stand below.</param>
    /// <param name="Kind">The kind of record that has them.</param>
    /// <param name="ExampleKind">The kind of record to show them in.</param>
    /// <param name="MayChange">All that stands here may change when a run is resumed.</param>
    private sealed record Place(string Path, int Depth, ConfigurationKind? Kind, ConfigurationKind? ExampleKind, bool MayChange)
    {
        public string Of(string key) => Path.Length == 0 ? key : $"{Path}.{key}";
    }
}
