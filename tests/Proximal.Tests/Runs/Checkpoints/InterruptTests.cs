using System.Diagnostics;
using NUnit.Framework;
using Proximal.Runs;
using Proximal.Tests.Cli;

namespace Proximal.Tests.Runs.Checkpoints;

/// <summary>Signals, locks and <c>--resume</c> as a user of the command sees them.</summary>
public sealed class InterruptTests
{
    private RunProcess _runs = null!;

    [OneTimeSetUp]
    public void Write_the_inputs() => _runs = new RunProcess(ppo: ", critic: {learning_rate: 1e-3}");

    [OneTimeTearDown]
    public void Remove_them() => _runs.Dispose();

    [TestCase("INT")]
    [TestCase("TERM")]
    public void A_signal_ends_a_run_at_a_committed_step_with_its_checkpoint(string signal)
    {
        using Process process = _runs.Start(signal, "--set", "checkpoints.every=0");
        WaitForRows(process, signal, 3);

        // It waits while the second one starts, which may take longer than all its steps.
        CliProcess.Signal(process, "STOP");
        CliRun second = _runs.Resume(signal);
        CliProcess.Signal(process, signal);
        CliProcess.Signal(process, "CONT");
        CliRun run = CliProcess.End(process);
        int rows = ResumeBench.Rows(_runs[signal]).Length;
        Assert.Multiple(() =>
        {
            Assert.That(second.Code, Is.EqualTo(4), "a second run on the folder is refused");
            Assert.That(second.Error, Does.Contain($"is in use by another run (process {process.Id} on "));
            Assert.That(run.Code, Is.EqualTo(130), run.Error);
            Assert.That(run.Error, Does.Contain($"interrupted after step {rows}; its checkpoint is "));
            Assert.That(run.Error, Does.Match(@"go on with: proximal ppo -c \S*run\.yaml --set .* --resume"));
            Assert.That(Directory.Exists(_runs[signal, "checkpoints", $"step-{rows:D6}"]), Is.True);
        });
        CliRun refused = End(_runs.Start(signal, "--resume", "--set", "seed=5"));
        Assert.That(refused.Code, Is.EqualTo(3));
        Assert.That(refused.Error, Does.StartWith("error: The run in ").And.Contain("seed was 1 and is 5 now"));
        CliRun resumed = _runs.Resume(signal);
        Assert.That(resumed.Code, Is.Zero, resumed.Error);
        Assert.That(resumed.Error, Does.Contain($"going on after step {rows}, from "));
        CliRun finished = _runs.Resume(signal);
        Assert.That(finished.Code, Is.Zero, finished.Error);
        Assert.That(finished.Error, Does.Contain("the run is finished: nothing was left to do"));
    }

    [Test]
    public void A_second_signal_ends_the_process_at_once()
    {
        using Process process = _runs.Start("twice");
        WaitForRows(process, "twice", 1);
        CliProcess.Signal(process, "STOP");
        CliProcess.Signal(process, "INT");
        CliProcess.Signal(process, "TERM");
        CliProcess.Signal(process, "CONT");
        CliRun run = CliProcess.End(process);
        Assert.That(run.Code, Is.EqualTo(130), run.Error);
        CliRun resumed = _runs.Resume("twice");
        Assert.That(resumed.Code, Is.Zero, resumed.Error);
    }

    private void WaitForRows(Process process, string run, int rows)
    {
        string path = _runs[run, RunFolder.MetricsFile];
        while (!process.HasExited && (!File.Exists(path) || Lines(path) < rows))
        {
            Thread.Sleep(2);
        }
    }

    private static int Lines(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Count(character => character == '\n');
    }

    private static CliRun End(Process process)
    {
        using (process)
        {
            return CliProcess.End(process);
        }
    }
}
