using System.Text.Json;
using NUnit.Framework;
using Proximal.Runs;
using Proximal.Tests.Models;

namespace Proximal.Tests.Runs;

public sealed class RunFolderTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void A_row_can_be_read_as_soon_as_it_is_written()
    {
        using RunFolder run = RunFolder.Create(_folder["a", "run"]);
        run.WriteMetrics(3, new Dictionary<string, double> { ["x/y"] = 0.1, ["nan"] = double.NaN }, ["mind \"this\" – ü"]);
        string line = ReadShared(Path.Combine(run.Path, RunFolder.MetricsFile));
        JsonElement row = JsonDocument.Parse(line).RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(line, Does.EndWith("\n"));
            Assert.That(row.GetProperty("step").GetInt32(), Is.EqualTo(3));
            Assert.That(row.GetProperty("x/y").GetDouble(), Is.EqualTo(0.1));
            Assert.That(row.GetProperty("nan").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(row.GetProperty("warnings")[0].GetString(), Is.EqualTo("mind \"this\" – ü"));
        });
    }

    [Test]
    public void A_folder_with_a_run_is_refused_unless_it_may_be_replaced()
    {
        RunFolder.Create(_folder["run"]).Dispose();
        Directory.CreateDirectory(_folder["run", "model"]);
        File.WriteAllText(_folder["run", "metrics.jsonl"], "old");
        File.WriteAllText(_folder["run", "notes.txt"], "mine");
        RunFolderException exception = Assert.Throws<RunFolderException>(() => RunFolder.Create(_folder["run"]));
        Assert.That(exception.Message, Does.Contain("holds a run already (metrics.jsonl)"));
        Assert.That(File.ReadAllText(_folder["run", "metrics.jsonl"]), Is.EqualTo("old"));

        RunFolder.Create(_folder["run"], overwrite: true).Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllText(_folder["run", "metrics.jsonl"]), Is.Empty);
            Assert.That(Directory.Exists(_folder["run", "model"]), Is.False);
            Assert.That(File.ReadAllText(_folder["run", "notes.txt"]), Is.EqualTo("mine"));
        });
    }

    [Test]
    public void A_path_that_cannot_be_a_folder_is_named()
    {
        File.WriteAllText(_folder["file"], "x");
        Assert.That(
            () => RunFolder.Create(_folder["file", "run"]),
            Throws.TypeOf<RunFolderException>().With.Message.Contains("cannot be made a run folder"));
    }

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
