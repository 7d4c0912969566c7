using NUnit.Framework;
using Proximal.Tests.Interop;
using Proximal.WarmStories;

namespace Proximal.Tests.WarmStories;

public sealed class WarmStoriesModelTests
{
    private string _folder = string.Empty;

    [SetUp]
    public void Create() => _folder = Directory.CreateTempSubdirectory().FullName;

    [TearDown]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void It_is_the_repositorys_model_file_for_file_and_replaces_what_is_there()
    {
        string wanted = Path.Combine(_folder, "new", "model");
        string written = WarmStoriesModel.WriteTo(wanted);
        File.WriteAllText(Path.Combine(written, "config.json"), "damaged");
        WarmStoriesModel.WriteTo(written);
        string source = Tool.InRepository("managed", "Proximal", "WarmStories", "model");
        Assert.Multiple(() =>
        {
            Assert.That(written, Is.EqualTo(wanted));
            Assert.That(Names(written), Is.EquivalentTo(Names(source)));
            foreach (string name in Names(source))
            {
                Assert.That(File.ReadAllBytes(Path.Combine(written, name)), Is.EqualTo(File.ReadAllBytes(Path.Combine(source, name))), name);
            }
        });
    }

    [Test]
    public void A_folder_that_cannot_be_is_an_error()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "in the way");
        Assert.Throws<IOException>(() => WarmStoriesModel.WriteTo(file));
    }

    private static IEnumerable<string> Names(string folder) => Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!);
}
