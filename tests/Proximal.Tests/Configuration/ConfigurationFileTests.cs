using System.Text;
using NUnit.Framework;
using Proximal.Configuration;

namespace Proximal.Tests.Configuration;

public sealed class ConfigurationFileTests
{
    private string _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = Directory.CreateTempSubdirectory("proximal-configuration-").FullName;

    [TearDown]
    public void Remove_it() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void A_file_binds_with_its_folder_as_the_base_of_paths() =>
        Assert.That(
            ConfigurationBinder.Bind<Recipe>(Write("model: m/n\n"u8)).Model, Is.EqualTo(Path.Combine(_folder, "m", "n")));

    [Test]
    public void A_byte_order_mark_is_no_part_of_the_text() =>
        Assert.That(ConfigurationBinder.Bind<Recipe>(Write("\uFEFFmodel: m\n"u8)).Model, Does.EndWith("/m"));

    [Test]
    public void A_missing_file_is_named() => Refused(Path.Combine(_folder, "absent.yaml"), "absent.yaml: does not exist; check the path");

    [Test]
    public void A_folder_is_no_file() => Refused(_folder, "is a folder; name the YAML file in it");

    [Test]
    public void A_huge_file_is_refused_unread() => Refused(Write(new byte[5 << 20]), "is larger than 1048576 bytes");

    [Test]
    public void A_binary_file_is_refused() => Refused(Write([0x7F, 0x45, 0x4C, 0x46, 0, 1]), "is not a text in UTF-8");

    [Test]
    public void Another_encoding_is_refused() => Refused(Write(Encoding.Latin1.GetBytes("note: é\n")), "is not a text in UTF-8");

    [Test]
    public void What_is_written_is_read_back_equal()
    {
        var recipe = new Recipe
        {
            Model = "/a b/m",
            Note = "yes",
            Seed = ulong.MaxValue,
            DualClip = double.PositiveInfinity,
            Share = 1e-7f,
            Target = null,
            Watch = null,
            Oven = new Oven { Temperature = 1e-300 },
            StopTokenIds = [],
            Spices = [new Pepper(), new Herb { Plant = "thyme: \"a\"\n\tb" }],
            Weights = new Dictionary<string, double> { ["x y"] = 0.1 },
        };
        string text = ConfigurationWriter.Write(recipe);
        Recipe again = ConfigurationBinder.Parse<Recipe>(text);
        Assert.Multiple(() =>
        {
            Assert.That(ConfigurationWriter.Write(again), Is.EqualTo(text));
            Assert.That(again.Note, Is.EqualTo("yes"));
            Assert.That(again.Spices, Is.EqualTo(recipe.Spices));
            Assert.That(again.Oven, Is.EqualTo(recipe.Oven));
            Assert.That(again.Target, Is.Null);
            Assert.That(text, Does.Contain("share: 1.0E-07\n").And.Contain("spices:\n  - type: pepper\n    weight: 1\n    grind: 3\n  - type: herb\n").And.Contain("dual_clip: .inf\n").And.Contain("max_new_tokens: 64\n"));
        });
    }

    [Test]
    public void Paths_are_written_resolved_and_what_only_a_program_can_set_is_named_as_that()
    {
        string text = ConfigurationWriter.Write(
            new Recipe { Model = "m", Files = ["f"], Spices = [new Surprise(() => 1) { Weight = 2 }] }, path => "/base/" + path);
        Assert.Multiple(() =>
        {
            Assert.That(text, Does.Contain("model: /base/m\n").And.Contain("- /base/f\n"));
            Assert.That(text, Does.Contain("type: set_by_program\n").And.Contain("weight: 2\n").And.Not.Contain("taste"));
            Assert.That(
                () => ConfigurationBinder.Parse<Recipe>(text),
                Throws.TypeOf<ConfigurationException>().With.Message.Contains("got 'set_by_program'"));
        });
    }

    private static void Refused(string path, string message) =>
        Assert.That(
            () => ConfigurationBinder.Bind<Recipe>(path),
            Throws.TypeOf<ConfigurationException>().With.Message.StartsWith(path).And.Message.Contains(message));

    private string Write(ReadOnlySpan<byte> bytes)
    {
        string path = Path.Combine(_folder, "run.yaml");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
