using System.Globalization;
using Proximal.Configuration;

namespace Proximal.Tests.Configuration.Schemas;

/// <summary>
/// Makes documents that a record binds, in the spellings that it understands, and documents that are wrong in one place; what is
/// right and wrong follows from how they are made, and from no code that is tested.
/// </summary>
/// <param name="random">Chooses keys, kinds, values and spellings.</param>
/// <param name="share">The share of the keys with defaults that are written; 1: all, with every kind in a list of several.</param>
internal sealed class DocumentMaker(Random random, double share)
{
    private static readonly ConfigurationPosition Nowhere = new(new ConfigurationSource("document", "/base", IsOverride: false), 1, 1);

    private static readonly string[] Words = ["word", "a b", "12", "0.5", "true", "yes", "off"];

    /// <summary>A document that is right, but for ranges and keys that exclude each other.</summary>
    public ConfigurationNode Good(Type type) => Value(string.Empty, type, isNullable: false, isPath: false, value: null, mayShorten: true);

    /// <summary>Documents that are wrong in one place each: every mistake that can be made in every place.</summary>
    public static IEnumerable<(string Mistake, ConfigurationNode Document)> Bad(Type type, ConfigurationNode good) =>
        Mistakes(type, isNullable: false, isPath: false, good, string.Empty);

    private ConfigurationNode Value(string key, Type type, bool isNullable, bool isPath, object? value, bool mayShorten)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        if ((isNullable || bare != type) && share < 1 && random.Next(5) == 0)
        {
            return Plain(Pick(["null", "~", "", "Null", .. ValueBinder.MayBeOff(bare) ? new[] { "off", "none", "Off", "NONE" } : []]));
        }

        return ScalarBinder.Handles(bare) ? Plain(Scalar(key, bare, isPath, value))
            : ListTypes.ItemOf(bare) is { } item ? List(key, item, isPath)
            : ListTypes.ValueOf(bare) is { } entry ? Mapping(Enumerable.Range(0, random.Next(3)).Select(i =>
                ($"Name-{i}", Value(key, entry, isNullable: false, isPath, value: null, mayShorten))))
            : mayShorten && share < 1 && Shorthand(bare) is { } member && random.Next(2) == 0 ? Plain(Scalar(member.Key, typeof(string), member.IsPath, null))
            : Record(bare);
    }

    private SequenceNode List(string key, Type item, bool isPath)
    {
        if (RecordVariants.Of(item) is { } variants && share >= 1)
        {
            return new SequenceNode(Nowhere, [.. variants.Types.Select(kind => Kind(variants.Discriminator, kind.Key, kind.Value))]);
        }

        int count = ScalarBinder.Handles(item) ? random.Next(3) : 1 + random.Next(2);
        return new SequenceNode(Nowhere, [.. Enumerable.Range(0, count).Select(_ =>
            Value(key, item, isNullable: false, isPath, value: null, mayShorten: true))]);
    }

    private MappingNode Record(Type type)
    {
        if (RecordVariants.Of(type) is { } variants)
        {
            (string name, Type kind) = variants.Types[random.Next(variants.Types.Count)];
            return Kind(variants.Discriminator, name, kind);
        }

        return Mapping(Entries(type));
    }

    private MappingNode Kind(string key, string name, Type kind) => Mapping(Entries(kind).Prepend((key, Plain(name))));

    private IEnumerable<(string Key, ConfigurationNode Value)> Entries(Type type)
    {
        RecordShape shape = RecordShape.Of(type);
        return shape.Members
            .Where(member => member.IsRequired || random.NextDouble() < share)
            .Select(member => (member.Key, Value(
                member.Key, member.Type, member.IsNullable, member.IsPath, member.IsRequired ? null : shape.DefaultOf(member), mayShorten: true)));
    }

    /// <summary>A value in one of its spellings: the default where there is one, so that ranges hold, as a rule.</summary>
    private string Scalar(string key, Type type, bool isPath, object? value)
    {
        if (type == typeof(string))
        {
            return isPath ? "some/file.txt" : key == "url" ? "http://localhost:1/score" : key == "pattern" ? "a+" : Pick(Words);
        }

        if (type == typeof(bool))
        {
            return AnyCase(Pick([.. ScalarBinder.True, .. ScalarBinder.False]));
        }

        if (type.IsEnum)
        {
            return AnyCase(Pick([.. ScalarBinder.NamesOf(type)]).Replace('_', Pick(["_", "-"])[0]));
        }

        double number = value is null ? 3 : Convert.ToDouble(value, CultureInfo.InvariantCulture);
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        return ScalarBinder.IsWhole(type)
            ? Pick([text, text + ".0", text + "e0", "+" + text])
            : Pick([text, number.ToString("E17", CultureInfo.InvariantCulture), .. double.IsPositiveInfinity(number) ? ScalarBinder.Infinite : []]);
    }

    private string Pick(string[] from) => from[random.Next(from.Length)];

    private string AnyCase(string word) => random.Next(3) switch
    {
        0 => word.ToUpperInvariant(),
        1 => char.ToUpperInvariant(word[0]) + word[1..],
        _ => word,
    };

    private static IEnumerable<(string Mistake, ConfigurationNode Document)> Mistakes(
        Type type, bool isNullable, bool isPath, ConfigurationNode good, string key)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        isNullable |= bare != type;
        foreach (ConfigurationNode wrong in WrongKinds(bare, isNullable, isPath))
        {
            yield return ($"{key} is {wrong.Description}", wrong);
        }

        IEnumerable<(string, ConfigurationNode)> below = good switch
        {
            SequenceNode list when ListTypes.ItemOf(bare) is { } item => Within(list, item, isPath, key),
            MappingNode mapping when ListTypes.ValueOf(bare) is { } value => Within(mapping, _ => (value, false, isPath), key),
            MappingNode mapping => WithinRecord(bare, mapping, key),
            _ => [],
        };
        foreach ((string, ConfigurationNode) mistake in below)
        {
            yield return mistake;
        }
    }

    private static IEnumerable<ConfigurationNode> WrongKinds(Type type, bool isNullable, bool isPath)
    {
        ConfigurationNode list = new SequenceNode(Nowhere, [Plain("1")]);
        ConfigurationNode mapping = Mapping([("unheard_of", Plain("1"))]);
        ConfigurationNode[] nothing = isNullable ? [] : [Plain(""), Plain("null")];
        IEnumerable<ConfigurationNode> wrong = type switch
        {
            _ when type == typeof(string) => [list, mapping, .. isPath ? new[] { new ScalarNode(Nowhere, " ", Quoted: true) } : []],
            _ when type == typeof(bool) => [list, mapping, Plain("perhaps"), Plain("1")],
            { IsEnum: true } => [list, mapping, Plain("unheard_of"), Plain("7")],
            _ when ScalarBinder.IsWhole(type) => [list, mapping, Plain("many"), Plain("1.5"), Plain("1e30"), Plain("-1e25"), Plain("true")],
            _ when ScalarBinder.IsReal(type) => [list, mapping, Plain("much"), Plain("true"), Plain("1,5")],
            _ when ListTypes.ItemOf(type) is not null => [mapping, Plain("1"), Plain("word")],
            _ when ListTypes.ValueOf(type) is not null => [list, Plain("1"), Plain("word")],
            _ => [list, .. Shorthand(type) is null ? new[] { Plain("1"), Plain("word") } : []],
        };
        return [.. wrong, .. nothing];
    }

    private static IEnumerable<(string, ConfigurationNode)> Within(SequenceNode list, Type item, bool isPath, string key) =>
        list.Items.SelectMany((node, index) => Mistakes(item, isNullable: false, isPath, node, $"{key}[{index}]")
            .Select(mistake => (mistake.Mistake, (ConfigurationNode)(list with { Items = [.. list.Items.Select((other, i) => i == index ? mistake.Document : other)] }))));

    private static IEnumerable<(string, ConfigurationNode)> Within(
        MappingNode mapping, Func<string, (Type Type, bool IsNullable, bool IsPath)> typeOf, string key) => mapping.Entries.SelectMany(entry =>
        {
            (Type type, bool isNullable, bool isPath) = typeOf(entry.Key);
            return Mistakes(type, isNullable, isPath, entry.Value, $"{key}.{entry.Key}")
                .Select(mistake => (mistake.Mistake, With(mapping, entry.Key, mistake.Document)));
        });

    private static IEnumerable<(string, ConfigurationNode)> WithinRecord(Type type, MappingNode mapping, string key)
    {
        RecordVariants? variants = RecordVariants.Of(type);
        string? name = variants is null ? null : ((ScalarNode)mapping.Find(variants.Discriminator)!.Value).Text;
        RecordShape shape = RecordShape.Of(variants?.Types.First(kind => kind.Key == name).Value ?? type);
        IEnumerable<string> needed = shape.Members.Where(member => member.IsRequired).Select(member => member.Key);
        if (variants is not null)
        {
            needed = needed.Append(variants.Discriminator);
            yield return ($"{key} is of an unknown kind", With(mapping, variants.Discriminator, Plain("unheard_of")));
            yield return ($"{key} is of a kind in capitals", With(mapping, variants.Discriminator, Plain(name!.ToUpperInvariant())));
            string other = variants.Types.SelectMany(kind => RecordShape.Of(kind.Value).Keys).First(foreign => !shape.Keys.Contains(foreign));
            yield return ($"{key} has the key {other} of another kind", With(mapping, other, Plain("1")));
        }

        yield return ($"{key} has an unknown key", With(mapping, "unheard_of", Plain("1")));
        foreach (string missing in needed)
        {
            yield return ($"{key} lacks {missing}", mapping with { Entries = [.. mapping.Entries.Where(entry => entry.Key != missing)] });
        }

        MappingNode own = variants is null ? mapping : mapping with { Entries = [.. mapping.Entries.Where(entry => entry.Key != variants.Discriminator)] };
        IEnumerable<(string Mistake, ConfigurationNode Document)> below = Within(own, member =>
        {
            RecordMember found = shape.Members.First(one => one.Key == member);
            return (found.Type, found.IsNullable, found.IsPath);
        }, key);
        foreach ((string mistake, ConfigurationNode document) in below)
        {
            yield return (mistake, variants is null ? document : With((MappingNode)document, variants.Discriminator, Plain(name!)));
        }
    }

    private static ConfigurationNode With(MappingNode mapping, string key, ConfigurationNode value)
    {
        var entry = new MappingEntry(key, Nowhere, value);
        return mapping with
        {
            Entries = mapping.Find(key) is null
                ? [.. mapping.Entries, entry]
                : [.. mapping.Entries.Select(old => old.Key == key ? entry : old)],
        };
    }

    private static RecordMember? Shorthand(Type type) =>
        type.GetCustomAttributes(typeof(ConfigurationShorthandAttribute), inherit: false) is [ConfigurationShorthandAttribute shorthand]
            ? RecordShape.Of(type).Members.First(member => member.Name == shorthand.Member)
            : null;

    private static ScalarNode Plain(string text) => new(Nowhere, text, Quoted: false);

    private static MappingNode Mapping(IEnumerable<(string Key, ConfigurationNode Value)> entries) =>
        new(Nowhere, [.. entries.Select(entry => new MappingEntry(entry.Key, Nowhere, entry.Value))]);
}
