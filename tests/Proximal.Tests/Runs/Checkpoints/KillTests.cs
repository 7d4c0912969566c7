using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;
using Proximal.Runs;
using Proximal.Tests.Cli;

namespace Proximal.Tests.Runs.Checkpoints;

/// <summary>
/// <c>kill -9</c> at moments drawn uniformly over the wall time of a run with a checkpoint every step, and while a checkpoint
/// is being written. PROXIMAL_KILLS sets how many of each kind; the default suite has a few.
/// </summary>
public sealed class KillTests
{
    private const int Seed = 20;

    private RunProcess _runs = null!;
    private TimeSpan _wall;

    private static int Kills =>
        int.Parse(Environment.GetEnvironmentVariable("PROXIMAL_KILLS") ?? "2", NumberStyles.None, CultureInfo.InvariantCulture);

    [OneTimeSetUp]
    public void Run_without_interruption()
    {
        _runs = new RunProcess();
        long start = Stopwatch.GetTimestamp();
        using Process process = _runs.Start("whole");
        CliRun run = CliProcess.End(process);
        _wall = Stopwatch.GetElapsedTime(start);
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(ResumeBench.Rows(_runs["whole"]), Has.Length.EqualTo(RunProcess.Steps));
    }

    [OneTimeTearDown]
    public void Remove_it() => _runs.Dispose();

    [Test]
    public void Killed_at_any_moment_it_resumes_to_the_same_run()
    {
        var random = new Random(Seed);
        int hits = 0;
        int writing = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            string name = $"moment-{kill}";
            TimeSpan moment = _wall * random.NextDouble();
            using (Process process = _runs.Start(name))
            {
                process.WaitForExit(moment);
                Kill(process, ref hits);
            }

            writing += _runs.IsWriting(name) ? 1 : 0;
            Finish(name, $"killed after {moment.TotalSeconds:F2} of {_wall.TotalSeconds:F2} s");
        }

        TestContext.Out.WriteLine($"{Kills} kills at drawn moments: {hits} hit a process at work, {writing} of them a checkpoint being written");
    }

    [Test]
    public void Killed_while_a_checkpoint_is_written_it_resumes_to_the_same_run()
    {
        var random = new Random(Seed + 1);
        int hits = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            string name = $"write-{kill}";
            int step = random.Next(1, RunProcess.Steps);
            bool hit = false;

            // The write may be over before the kill comes: then the next one is waited for.
            for (bool resume = false; !hit && !_runs.IsFinished(name); resume = true)
            {
                using Process process = resume ? _runs.Start(name, "--resume") : _runs.Start(name);
                hit = KillInWrite(process, name, step);
            }

            hits += hit ? 1 : 0;
            Finish(name, $"killed while the checkpoint of step {step} or a later one was written");
        }

        TestContext.Out.WriteLine($"{hits} of {Kills} kills left a checkpoint half written");
        Assert.That(hits, Is.EqualTo(Kills));
    }

    private bool KillInWrite(Process process, string name, int step)
    {
        int none = 0;
        while (!process.HasExited)
        {
            if (_runs.IsWriting(name) && Steps(name) >= step)
            {
                Kill(process, ref none);
                return _runs.IsWriting(name);
            }
        }

        return false;
    }

    /// <summary>Rows in the metrics so far.</summary>
    private int Steps(string name)
    {
        string path = _runs[name, RunFolder.MetricsFile];
        if (!File.Exists(path))
        {
            return 0;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Count(character => character == '\n');
    }

    private static void Kill(Process process, ref int hits)
    {
        hits += process.HasExited ? 0 : 1;
        process.Kill();
        process.WaitForExit();
    }

    private void Finish(string name, string how)
    {
        CliRun resumed = _runs.Resume(name);
        Assert.That(resumed.Code, Is.Zero, $"{how}: {resumed.Error}");
        ResumeBench.AssertEqual(_runs["whole"], _runs[name]);
        Assert.That(_runs.IsWriting(name), Is.False, "nothing half written is left");
    }
}
