using System.Diagnostics;
using NUnit.Framework;
using Proximal.Runs;
using Proximal.Tests.Models;

namespace Proximal.Tests.Runs.Checkpoints;

public sealed class RunLockTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void A_second_run_on_the_folder_is_refused_and_told_by_whom()
    {
        using (RunLock.Take(_folder["a", "run"]))
        {
            Assert.That(
                () => RunLock.Take(_folder["a", "run"]),
                Throws.TypeOf<RunFolderException>().With.Message.Contains($"is in use by another run (process {Environment.ProcessId} on ")
                    .And.Message.Contains("name another output folder"));
            using var other = RunLock.Take(_folder["b"]);
        }

        Directory.CreateDirectory(_folder["a", "run"]);
        File.WriteAllText(_folder["a", "run", "metrics.jsonl"], "");
        RunLock.Take(_folder["a", "run"]).Dispose();
        RunLock.Take(_folder["a", "run"]).Dispose();
    }

    [Test]
    public void A_folder_that_came_to_hold_nothing_goes_and_one_that_was_there_stays()
    {
        RunLock.Take(_folder["fresh"]).Dispose();
        Directory.CreateDirectory(_folder["old"]);
        RunLock.Take(_folder["old"]).Dispose();
        RunLock full = RunLock.Take(_folder["full"]);
        File.WriteAllText(_folder["full", "metrics.jsonl"], "");
        full.Dispose();
        full.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(Directory.Exists(_folder["fresh"]), Is.False);
            Assert.That(Directory.Exists(_folder["old"]), Is.True);
            Assert.That(File.Exists(_folder["full", "metrics.jsonl"]), Is.True);
        });
    }

    [Test]
    public void Another_process_is_seen_while_it_lives_and_no_longer()
    {
        Directory.CreateDirectory(_folder["run"]);
        string path = _folder["run", RunLock.FileName];
        using Process holder = Process.Start(new ProcessStartInfo("/bin/bash", ["-c", "exec 9>>\"$1\"; flock 9; echo 'process 17 on moon' >&9; echo ready; exec sleep 600", "bash", path])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.That(holder.StandardOutput.ReadLine(), Is.EqualTo("ready"));
        Assert.That(
            () => RunLock.Take(_folder["run"]),
            Throws.TypeOf<RunFolderException>().With.Message.Contains("is in use by another run (process 17 on moon)"));
        holder.Kill();
        holder.WaitForExit();
        Assert.That(File.ReadAllText(path), Does.Contain("process 17"), "the dead process left its file");
        using var taken = RunLock.Take(_folder["run"]);
    }

    [Test]
    public void A_path_that_cannot_be_a_folder_is_named()
    {
        File.WriteAllText(_folder["file"], "x");
        Assert.That(
            () => RunLock.Take(_folder["file", "run"]),
            Throws.TypeOf<RunFolderException>().With.Message.Contains("cannot be made a run folder"));
    }
}
