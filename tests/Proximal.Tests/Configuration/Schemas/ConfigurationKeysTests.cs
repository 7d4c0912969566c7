using System.Text.Json;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Configuration;
using Proximal.Configuration.Schemas;

namespace Proximal.Tests.Configuration.Schemas;

/// <summary>What is told of the keys is true and complete.</summary>
public sealed partial class ConfigurationKeysTests
{
    private static IEnumerable<string> Stages => ConfigurationStage.All.Select(stage => stage.Name);

    [TestCaseSource(nameof(Stages))]
    public void Every_key_that_the_binder_knows_is_told_of(string name)
    {
        ConfigurationStage stage = ConfigurationStage.Find(name)!;
        HashSet<string> bound = [.. Expected(stage.Type, string.Empty).Select(key => key.Path)];
        Assert.That(ConfigurationKeys.Of(stage).Select(key => key.Path).Where(path => !path.EndsWith(".type", StringComparison.Ordinal)).Distinct(), Is.EquivalentTo(bound));
    }

    [TestCaseSource(nameof(Stages))]
    public void Every_key_and_every_value_has_a_description_in_words_of_the_file(string name)
    {
        IReadOnlyList<ConfigurationKey> keys = KeysOf(name);
        Assert.Multiple(() =>
        {
            Assert.That(keys.Where(key => key.Description.Length < 8).Select(key => key.Path), Is.Empty);
            Assert.That(keys.SelectMany(key => key.Values.Where(value => value.Value.Length < 8).Select(value => $"{key.Path}: {value.Key}")), Is.Empty);
            Assert.That(keys.Where(key => NameOfCode().IsMatch(key.Description)).Select(key => $"{key.Path}: {key.Description}"), Is.Empty, "a name of C#");
        });
    }

    [TestCaseSource(nameof(Stages))]
    public void Defaults_are_those_that_are_written(string name)
    {
        ConfigurationStage stage = ConfigurationStage.Find(name)!;
        ILookup<string, string?> expected = Expected(stage.Type, string.Empty).ToLookup(key => key.Path, key => key.Default);
        IReadOnlyList<ConfigurationKey> keys = ConfigurationKeys.Of(stage);
        Assert.Multiple(() =>
        {
            foreach (IGrouping<string, ConfigurationKey> key in keys.Where(key => expected.Contains(key.Path)).GroupBy(key => key.Path))
            {
                Assert.That(key.Select(one => one.Default is { } value ? Flat(Read($"v: {value}").Find("v")!.Value) : null), Is.EquivalentTo(expected[key.Key]), key.Key);
            }
        });
    }

    [TestCaseSource(nameof(Stages))]
    public void Examples_can_be_written(string name)
    {
        ConfigurationStage stage = ConfigurationStage.Find(name)!;
        Assert.Multiple(() =>
        {
            foreach (ConfigurationKey key in ConfigurationKeys.Of(stage).Where(key => key.Example is not null))
            {
                // What else is required is lacking, and values need not be in range; nothing else may be wrong.
                ConfigurationNode example = Read(key.ExampleLine()!);
                Assert.That(Misunderstanding(stage.Type, example), Is.Null, key.ExampleLine());
                Assert.That(Misunderstanding(stage.Type, ConfigurationOverride.Apply(example, key.ExampleOverride()!)), Is.Null, key.ExampleOverride());
            }
        });
    }

    [Test]
    public void A_record_that_stands_by_default_is_as_if_it_were_empty()
    {
        // Else the default of a key would depend on whether the mapping around it is there.
        foreach (ConfigurationStage stage in ConfigurationStage.All)
        {
            foreach (Type type in Records(stage.Type).Distinct())
            {
                RecordShape shape = RecordShape.Of(type);
                foreach (RecordMember member in shape.Members.Where(member => !member.IsRequired && IsRecord(member.Type)))
                {
                    if (shape.DefaultOf(member) is { } standing)
                    {
                        Assert.That(ConfigurationWriter.Write(standing), Is.EqualTo(ConfigurationWriter.Write(Blank(member.Type))), $"{type.Name}.{member.Name}");
                    }
                }
            }
        }
    }

    [Test]
    public void Changes_on_resume_are_told_with_their_condition()
    {
        IReadOnlyList<ConfigurationKey> keys = KeysOf("ppo");
        Assert.Multiple(() =>
        {
            Assert.That(Key("ppo.steps").MayChange, Is.True);
            Assert.That(Key("ppo.steps").ChangeCondition, Is.EqualTo("if no learning rate depends on how many steps there are"));
            Assert.That((Key("model").MayChange, Key("model.seed").MayChange), Is.EqualTo((true, true)), "all below what may change");
            Assert.That(Key("checkpoints.keep_best.metric").MayChange, Is.True);
            Assert.That(Key("ppo.kl.target").MayChange, Is.False);
            Assert.That(keys.Where(key => key.Path == "rewards[].timeout_seconds").Select(key => key.MayChange), Is.EqualTo(new[] { true }));
            Assert.That(KeysOf("eval").Any(key => key.IsResumable || key.MayChange), Is.False);
        });

        ConfigurationKey Key(string path) => keys.Single(key => key.Path == path);
    }

    [TestCase("ppo.kl.target", "ppo.kl.target")]
    [TestCase("kl.target", "ppo.kl.target")]
    [TestCase("rewards[3].url", "rewards[].url")]
    [TestCase("rewards.0.url", "rewards[].url")]
    [TestCase("timeout_seconds", "rewards[].timeout_seconds")]
    [TestCase("validation", "validation")]
    public void Keys_are_found_by_their_name_or_its_end(string name, string path) =>
        Assert.That(ConfigurationKeys.Find(KeysOf("ppo"), name).Select(key => key.Path).Distinct(), Is.EqualTo(new[] { path }));

    [Test]
    public void A_schema_is_valid_json_of_the_draft_that_it_names() =>
        Assert.That(
            Stages.Select(stage => JsonElement.Parse(ConfigurationSchema.Of(ConfigurationStage.Find(stage)!).Text).GetProperty("$schema").GetString()),
            Is.All.EqualTo("http://json-schema.org/draft-07/schema#"));

    private static string? Misunderstanding(Type type, ConfigurationNode document)
    {
        try
        {
            ValueBinder.Bind(type, isNullable: false, isPath: false, document, string.Empty);
            return null;
        }
        catch (ConfigurationException failure)
        {
            return failure.InnerException is ArgumentException || failure.Message.Contains(": missing; add", StringComparison.Ordinal) ? null : failure.Message;
        }
    }

    private static IReadOnlyList<ConfigurationKey> KeysOf(string stage) => ConfigurationKeys.Of(ConfigurationStage.Find(stage)!);

    /// <summary>The keys of a record and of those below it, with the defaults that the writer writes; those of all kinds, common ones once.</summary>
    private static IEnumerable<(string Path, string? Default)> Expected(Type type, string path)
    {
        if (RecordVariants.Of(type) is { } variants)
        {
            string[] common = [.. type.GetProperties().Select(property => path + RecordShape.KeyOf(property.Name))];
            return variants.Types.SelectMany((kind, index) => Expected(kind.Value, path).Where(key => index == 0 || !common.Contains(key.Path)));
        }

        MappingNode written = Read(ConfigurationWriter.Write(Blank(type)));
        return RecordShape.Of(type).Members.SelectMany(member =>
        {
            Type bare = Nullable.GetUnderlyingType(member.Type) ?? member.Type;
            ConfigurationNode value = written.Find(member.Key)!.Value;
            bool hasOwn = member.IsRequired || (IsRecord(bare) && value is MappingNode);
            IEnumerable<(string, string?)> below = IsRecord(bare) ? Expected(bare, $"{path}{member.Key}.")
                : ListTypes.ItemOf(bare) is { } item && IsRecord(item) ? Expected(item, $"{path}{member.Key}[].")
                : [];
            return below.Prepend(($"{path}{member.Key}", hasOwn ? null : Flat(value)));
        });
    }

    private static IEnumerable<Type> Records(Type type) => RecordVariants.Of(type) is { } variants
        ? variants.Types.SelectMany(kind => Records(kind.Value))
        : RecordShape.Of(type).Members
            .Select(member => ListTypes.ItemOf(member.Type) ?? member.Type)
            .Where(IsRecord)
            .SelectMany(Records)
            .Prepend(type);

    private static bool IsRecord(Type type) => !ScalarBinder.Handles(Nullable.GetUnderlyingType(type) ?? type) && ListTypes.ItemOf(type) is null && ListTypes.ValueOf(type) is null;

    private static object Blank(Type type) => RecordShape.Of(type).Create(new Dictionary<RecordMember, object?>());

    private static MappingNode Read(string text) =>
        (MappingNode)YamlReader.Read(text, new ConfigurationSource("r.yaml", "/base", IsOverride: false));

    private static string Flat(ConfigurationNode node) => node switch
    {
        ScalarNode scalar => scalar.Quoted ? $"'{scalar.Text}'" : scalar.Text,
        SequenceNode list => $"[{string.Join(", ", list.Items.Select(Flat))}]",
        MappingNode mapping => $"{{{string.Join(", ", mapping.Entries.Select(entry => $"{entry.Key}: {Flat(entry.Value)}"))}}}",
        _ => string.Empty,
    };

    /// <summary>A capital after a small letter: no word of a sentence, but for names that people know.</summary>
    [GeneratedRegex(@"\b(?!AdamW\b)[A-Z]\w*[a-z][A-Z]\w*")]
    private static partial Regex NameOfCode();
}
