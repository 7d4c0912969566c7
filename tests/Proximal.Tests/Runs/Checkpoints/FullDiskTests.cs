using NUnit.Framework;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Training.Ppo;

namespace Proximal.Tests.Runs.Checkpoints;

/// <summary>A disk that fills up at another place of a run each time: nothing is lost, and the message says what to do.</summary>
public sealed class FullDiskTests
{
    private const int Plenty = 1 << 16;

    private ResumeBench _bench = null!;

    [OneTimeSetUp]
    public async Task Run_on_a_large_disk()
    {
        _bench = new ResumeBench();
        await _bench.Run(Options("whole"));
    }

    [OneTimeTearDown]
    public void Remove_it() => _bench.Dispose();

    [SetUp]
    public void Forget() => _bench.Warnings.Clear();

    [Test]
    public async Task The_run_stops_and_goes_on_when_there_is_space([Range(0, 19)] int place)
    {
        using var disk = SmallDisk.Mount(_bench[$"disk-{place}"], 120 + (17 * place));
        PpoRunOptions options = Options($"disk-{place}") with { Output = _bench[$"disk-{place}", "run"] };
        RunFolderException? failure = null;
        try
        {
            await _bench.Run(options);
        }
        catch (RunFolderException caught)
        {
            failure = caught;
        }

        Assert.That(failure?.Message, Does.Contain("No space left on device").And.Contain("free some space").And.Contain("--resume"));
        disk.Resize(Plenty);
        await _bench.Resume(options);
        ResumeBench.AssertEqual(_bench["whole"], options.Output);
    }

    [Test]
    public async Task A_checkpoint_that_cannot_be_written_stops_the_run_or_not_as_the_options_say()
    {
        PpoRunOptions options = Options("blocked") with { Overwrite = true };
        Directory.CreateDirectory(_bench["blocked"]);
        File.WriteAllText(_bench["blocked", CheckpointStore.FolderName], "no folder");
        Assert.That(
            () => _bench.Run(options),
            Throws.TypeOf<RunFolderException>().With.Message.Contains("step-000001 cannot be written").And.Message.Contains("no earlier one"));
        PpoRunResult result = await _bench.Run(options with { Checkpoints = options.Checkpoints with { OnFailure = CheckpointFailure.Continue } });
        Assert.Multiple(() =>
        {
            Assert.That(result.Steps, Is.EqualTo(6));
            Assert.That(_bench.Warnings, Has.Count.EqualTo(6).And.All.Contains("goes on without this one, as checkpoints.on_failure says"));
            Assert.That(ResumeBench.Rows(_bench["blocked"]), Is.EqualTo(ResumeBench.Rows(_bench["whole"])));
        });
    }

    private PpoRunOptions Options(string run) => _bench.Options(run) with { Checkpoints = new CheckpointOptions { Every = 1 } };
}
