using System.Text.RegularExpressions;
using NUnit.Framework;
using Proximal.Configuration;
using Proximal.Configuration.Schemas;
using Proximal.Tests.Interop;

namespace Proximal.Tests.Configuration.Schemas;

/// <summary>The published schemas are those of the records, and take and refuse what the binder does.</summary>
public sealed partial class ConfigurationSchemaTests
{
    private const string UpdateVariable = "PROXIMAL_UPDATE_SCHEMA";

    private static readonly XmlDocumentation Documentation = XmlDocumentation.Of(typeof(Engine).Assembly);

    private static IEnumerable<string> Stages => ConfigurationStage.All.Select(stage => stage.Name);

    [TestCaseSource(nameof(Stages))]
    public void The_published_schema_is_that_of_the_records(string name)
    {
        ConfigurationStage stage = ConfigurationStage.Find(name)!;
        string path = Tool.InRepository("managed", "Proximal", "Configuration", "Schemas", stage.SchemaFile);
        string now = SchemaWriter.Write(stage.Type, $"proximal {name}", member => Documentation[member], stage.IsResumable);
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            File.WriteAllText(path, now);
        }

        Assert.That(File.Exists(path) ? File.ReadAllText(path) : string.Empty, Is.EqualTo(now), $"{UpdateVariable}=1 ./proximal test --filter ConfigurationSchema writes {stage.SchemaFile} anew; build again then, the library holds it");
        Assert.That(ConfigurationSchema.Of(stage).Text, Is.EqualTo(now), "the library holds the published text");
    }

    [TestCaseSource(nameof(Stages))]
    public void Every_mistake_in_every_place_is_refused_by_both(string name) => AgreeOnMistakes(ConfigurationStage.Find(name)!.Type, SchemaOf(name), least: 300);

    [Test]
    public void Records_of_every_shape_get_a_schema_that_agrees()
    {
        AgreeOnMistakes(typeof(Recipe), OfRecipe, least: 60);
        AgreeOnDocuments(typeof(Recipe), OfRecipe);
    }

    [TestCaseSource(nameof(Stages))]
    public void Documents_in_every_spelling_are_taken_by_both(string name) => AgreeOnDocuments(ConfigurationStage.Find(name)!.Type, SchemaOf(name));

    [TestCase("whiten: yes", true)]
    [TestCase("whiten: Off", true)]
    [TestCase("max_new_tokens: 1e3", true)]
    [TestCase("max_new_tokens: 1.5e3", true)]
    [TestCase("dual_clip: infinity", true)]
    [TestCase("dual_clip: .inf", true)]
    [TestCase("dual_clip: 1e2", true)]
    [TestCase("share: 1e-5", true)]
    [TestCase("flavour: Deep-Sweet", true)]
    [TestCase("note: 12", true)]
    [TestCase("note: yes", true)]
    [TestCase("watch: none", true)]
    [TestCase("target: ", true)]
    [TestCase("whiten: perhaps", false)]
    [TestCase("max_new_tokens: 1e-3x", false)]
    [TestCase("flavour: swet", false)]
    public void Editors_of_both_versions_of_yaml_see_what_the_binder_sees(string line, bool isGood)
    {
        ConfigurationNode document = YamlReader.Read($"model: m\n{line}\n", new ConfigurationSource("r.yaml", "/base", IsOverride: false));
        Assert.Multiple(() =>
        {
            Assert.That(IsStructural(typeof(Recipe), document), Is.EqualTo(isGood));
            Assert.That(OfRecipe.Refusal(YamlInstance.Of(document)), isGood ? Is.Null : Is.Not.Null, "YAML 1.2");
            Assert.That(OfRecipe.Refusal(YamlInstance.Of(document, old: true)), isGood ? Is.Null : Is.Not.Null, "YAML 1.1");
        });
    }

    [TestCaseSource(nameof(Examples))]
    public void The_examples_name_their_schema_and_are_taken_by_both(string path)
    {
        string text = File.ReadAllText(path);
        Match line = ModeLine().Match(text);
        string schema = Path.GetFullPath(line.Groups[1].Value, Path.GetDirectoryName(path)!);
        ConfigurationStage stage = ConfigurationStage.All.Single(stage => schema == Tool.InRepository("managed", "Proximal", "Configuration", "Schemas", stage.SchemaFile));
        var source = new ConfigurationSource(path, Path.GetDirectoryName(path)!, IsOverride: false);
        ConfigurationNode document = YamlReader.Read(text, source);
        object options = ValueBinder.Bind(stage.Type, isNullable: false, isPath: false, document, string.Empty)!;
        Assert.Multiple(() =>
        {
            Assert.That(SchemaOf(stage.Name).Refusal(YamlInstance.Of(document)), Is.Null);
            Assert.That(SchemaOf(stage.Name).Refusal(YamlInstance.Of(YamlReader.Read(ConfigurationWriter.Write(options), source))), Is.Null, "as the run folder has it");
        });
    }

    [Test]
    public void Some_examples_are_looked_at() => Assert.That(Examples.Count(), Is.AtLeast(8));

    private static IEnumerable<string> Examples => Directory
        .EnumerateFiles(Tool.InRepository("bench"), "*.yaml", SearchOption.AllDirectories)
        .Where(path => ModeLine().IsMatch(File.ReadAllText(path)));

    private static SchemaValidator OfRecipe { get; } = new(SchemaWriter.Write(typeof(Recipe), "a recipe", _ => null, isResumable: true));

    private static SchemaValidator SchemaOf(string stage) => new(ConfigurationSchema.Of(ConfigurationStage.Find(stage)!).Text);

    private static void AgreeOnMistakes(Type type, SchemaValidator schema, int least)
    {
        ConfigurationNode good = new DocumentMaker(new Random(1), share: 1).Good(type);
        (string Mistake, ConfigurationNode Document)[] mistakes = [.. DocumentMaker.Bad(type, good)];
        Assert.Multiple(() =>
        {
            Assert.That(schema.Refusal(YamlInstance.Of(good)), Is.Null);
            Assert.That(mistakes, Has.Length.AtLeast(least));
            Assert.That(mistakes.Where(bad => schema.Refusal(YamlInstance.Of(bad.Document)) is null).Select(bad => bad.Mistake), Is.Empty, "the schema takes");
            Assert.That(mistakes.Where(bad => Failure(type, bad.Document) is null).Select(bad => bad.Mistake), Is.Empty, "the binder takes");
        });
    }

    private static void AgreeOnDocuments(Type type, SchemaValidator schema)
    {
        const int Documents = 40;
        int bound = 0;
        for (int seed = 0; seed < Documents; seed++)
        {
            ConfigurationNode good = new DocumentMaker(new Random(seed), share: 0.25).Good(type);
            Assert.That(schema.Refusal(YamlInstance.Of(good)), Is.Null, $"seed {seed}");
            Assert.That(IsStructural(type, good), Is.True, $"seed {seed}: {Failure(type, good)?.Message}");
            bound += Failure(type, good) is null ? 1 : 0;
            foreach ((string mistake, ConfigurationNode document) in DocumentMaker.Bad(type, good).Where((_, index) => index % 5 == seed % 5))
            {
                Assert.That(schema.Refusal(YamlInstance.Of(document)), Is.Not.Null, $"seed {seed}: {mistake}");
                Assert.That(Failure(type, document), Is.Not.Null, $"seed {seed}: {mistake}");
            }
        }

        Assert.That(bound, Is.AtLeast(Documents / 10), "some hold to all ranges too");
    }

    private static ConfigurationException? Failure(Type type, ConfigurationNode document)
    {
        try
        {
            ValueBinder.Bind(type, isNullable: false, isPath: false, document, string.Empty);
            return null;
        }
        catch (ConfigurationException failure)
        {
            return failure;
        }
    }

    /// <summary>The binder takes the document, or a record refuses one of its values: of that a schema knows nothing.</summary>
    private static bool IsStructural(Type type, ConfigurationNode document) =>
        Failure(type, document) is null or { InnerException: ArgumentException };

    [GeneratedRegex(@"^# yaml-language-server: \$schema=(\S+)\n")]
    private static partial Regex ModeLine();
}
