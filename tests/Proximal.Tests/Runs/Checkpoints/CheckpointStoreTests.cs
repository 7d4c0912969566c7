using System.Globalization;
using System.Text;
using NUnit.Framework;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;

namespace Proximal.Tests.Runs.Checkpoints;

public sealed class CheckpointStoreTests
{
    private static readonly string[] Files = ["actor/weights", "moments", "config.yaml", "state.json", "checksums.json"];

    [Test]
    public void What_was_saved_comes_back_bit_for_bit()
    {
        using var bench = new StoreBench();
        bench.Save(7, new Dictionary<string, double> { ["a/b"] = 0.1, ["none"] = double.NaN, ["far"] = double.PositiveInfinity });
        Checkpoint checkpoint = bench.Latest()!;
        Assert.Multiple(() =>
        {
            Assert.That(checkpoint.Step, Is.EqualTo(7));
            Assert.That(checkpoint.Folder, Is.EqualTo(bench.Path("step-000007")));
            Assert.That(checkpoint.GetState<StoreBench.Cargo>(), Is.EqualTo(new StoreBench.Cargo(7, 7 / 3.0, ulong.MaxValue - 7)));
            Assert.That(checkpoint.State.Files["metrics.jsonl"], Is.EqualTo(700));
            Assert.That(checkpoint.State.Metrics["a/b"], Is.EqualTo(0.1));
            Assert.That(checkpoint.State.Metrics["none"], Is.NaN);
            Assert.That(checkpoint.State.Metrics["far"], Is.EqualTo(double.PositiveInfinity));
            Assert.That(File.ReadAllText(bench.Path("step-000007", "moments")), Is.EqualTo("step 7"));
            Assert.That(bench.Names(), Is.EqualTo(new[] { "step-000007" }), "nothing else is left");
            Assert.That(bench.Warnings, Is.Empty);
        });
    }

    [Test]
    public void A_folder_without_checkpoints_has_none()
    {
        using var bench = new StoreBench();
        bench.Store.RemoveLeftovers();
        Assert.That(bench.Latest(), Is.Null);
        Directory.CreateDirectory(bench.Path("step-x"));
        Directory.CreateDirectory(bench.Path("notes"));
        Assert.That(bench.Latest(), Is.Null);
    }

    [Test]
    public void A_flipped_bit_in_any_file_passes_the_checkpoint_over_and_names_the_file(
        [ValueSource(nameof(Files))] string file, [Values(0.0, 0.5, 1.0)] double place)
    {
        using var bench = new StoreBench();
        bench.Save(1);
        bench.Save(2);
        Damage(bench.Path("step-000002", file), bytes => Flip(bytes, (int)(place * (bytes.Length - 1)), 0));
        Assert.That(bench.Latest()!.Step, Is.EqualTo(1));
        // A bit of the checksums may make any other file look damaged.
        string named = file == CheckpointManifest.FileName ? "step-000002" : file;
        Assert.That(bench.Warnings.Single(), Does.Contain(bench.Path("step-000002")).And.Contain(named));
    }

    [Test]
    public void No_bit_of_the_checksums_can_change_what_is_read()
    {
        using var bench = new StoreBench();
        bench.Save(3);
        string path = bench.Path("step-000003", "checksums.json");
        byte[] whole = File.ReadAllBytes(path);
        for (int i = 0; i < whole.Length; i++)
        {
            File.WriteAllBytes(path, Flip([.. whole], i, i % 8));
            try
            {
                // A flip that still reads says the same: the step is whole.
                Checkpoint checkpoint = Checkpoint.Open(bench.Path("step-000003"));
                Assert.That(checkpoint.GetState<StoreBench.Cargo>().Step, Is.EqualTo(3));
            }
            catch (CheckpointException exception)
            {
                Assert.That(exception.Message, Does.Contain("step-000003"));
            }
        }
    }

    [Test]
    public void A_file_that_is_missing_or_cut_passes_the_checkpoint_over(
        [ValueSource(nameof(Files))] string file, [Values] bool missing)
    {
        using var bench = new StoreBench();
        bench.Save(1);
        bench.Save(2);
        string path = bench.Path("step-000002", file);
        if (missing)
        {
            File.Delete(path);
        }
        else
        {
            Damage(path, bytes => bytes[..(bytes.Length / 2)]);
        }

        Assert.That(bench.Latest()!.Step, Is.EqualTo(1));
        Assert.That(bench.Warnings.Single(), Does.Contain(file).And.Contain("step-000002"));
    }

    [TestCase("checksums.json")]
    [TestCase("state.json")]
    public void A_checkpoint_of_another_version_is_named(string file)
    {
        using var bench = new StoreBench();
        bench.Save(1);
        bench.Save(2);
        Damage(bench.Path("step-000002", file), bytes =>
            Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("\"format\": 1", "\"format\": 2", StringComparison.Ordinal)));
        Reseal(bench.Path("step-000002"), file);
        Assert.That(bench.Latest()!.Step, Is.EqualTo(1));
        Assert.That(bench.Warnings.Single(), Does.Contain("has format 2; this version of Proximal reads 1"));
    }

    [Test]
    public void When_all_are_damaged_it_says_so_and_what_to_do()
    {
        using var bench = new StoreBench();
        bench.Save(1);
        bench.Save(2);
        File.Delete(bench.Path("step-000001", "moments"));
        File.Delete(bench.Path("step-000002", "state.json"));
        Assert.That(
            bench.Latest,
            Throws.TypeOf<CheckpointException>().With.Message.Contains("step-000002: state.json is missing")
                .And.Message.Contains("None of the 2 checkpoints").And.Message.Contains("start the run again in another folder"));
    }

    [Test]
    public void What_a_killed_process_left_is_removed_and_what_it_was_replacing_comes_back()
    {
        using var bench = new StoreBench();
        bench.Save(1);
        bench.Save(2);
        // Killed while step 3 was written, while step 0 was removed, and between the two renames of a second step 2.
        Directory.CreateDirectory(bench.Path(".tmp-step-000003", "actor"));
        File.WriteAllText(bench.Path(".tmp-step-000003", "actor", "weights"), "half");
        Directory.CreateDirectory(bench.Path(".tmp-gone-step-000000"));
        Directory.Move(bench.Path("step-000002"), bench.Path(".replaced-step-000002"));
        bench.Store.RemoveLeftovers();
        Assert.That(bench.Names(), Is.EqualTo(new[] { "step-000001", "step-000002" }));
        Assert.That(bench.Latest()!.Step, Is.EqualTo(2));

        // Killed after the second rename: the new one is there.
        bench.Save(2);
        Directory.CreateDirectory(bench.Path(".replaced-step-000002"));
        bench.Store.RemoveLeftovers();
        Assert.That(bench.Names(), Is.EqualTo(new[] { "step-000001", "step-000002" }));
    }

    [Test]
    public void A_damaged_checkpoint_gives_way_to_a_new_one_of_its_step()
    {
        using var bench = new StoreBench();
        bench.Save(1);
        bench.Save(2);
        File.Delete(bench.Path("step-000002", "moments"));
        bench.Save(2);
        Assert.That(bench.Latest()!.Step, Is.EqualTo(2));
        Assert.That(bench.Names(), Is.EqualTo(new[] { "step-000001", "step-000002" }));
    }

    [TestCase(1, "5")]
    [TestCase(2, "4 5")]
    [TestCase(9, "1 2 3 4 5")]
    public void The_latest_stay(int keep, string left)
    {
        using var bench = new StoreBench(new CheckpointOptions { KeepLast = keep });
        for (int step = 1; step <= 5; step++)
        {
            bench.Save(step);
        }

        Assert.That(string.Join(' ', bench.Store.Steps), Is.EqualTo(left));
        Assert.That(bench.Names(), Has.Length.EqualTo(bench.Store.Steps.Count));
    }

    [TestCase(MetricDirection.Higher, "0.5 0.9 0.9 nan 0.1 0.2", 2)]
    [TestCase(MetricDirection.Lower, "0.5 0.9 0.3 nan 0.4 0.3", 3)]
    [TestCase(MetricDirection.Lower, "nan - - - - -", null)]
    [TestCase(MetricDirection.Higher, "- -3 inf - - -", 2)]
    public void The_best_stays_beside_them(MetricDirection better, string values, int? best)
    {
        var options = new CheckpointOptions { KeepLast = 1, KeepBest = new KeepBestOptions { Metric = "m", Better = better } };
        using var bench = new StoreBench(options);
        int step = 0;
        foreach (string value in values.Split(' '))
        {
            Dictionary<string, double> metrics = value switch
            {
                "-" => [],
                "nan" => new() { ["m"] = double.NaN },
                "inf" => new() { ["m"] = double.PositiveInfinity },
                _ => new() { ["m"] = double.Parse(value, CultureInfo.InvariantCulture) },
            };
            bench.Save(++step, metrics);
        }

        Assert.That(bench.Store.Best(), Is.EqualTo(best));
        Assert.That(bench.Store.Steps, Is.EqualTo(best is { } kept ? new[] { kept, 6 } : [6]));
    }

    [Test]
    public void A_write_that_fails_leaves_the_earlier_ones_and_nothing_of_itself()
    {
        using var bench = new StoreBench(new CheckpointOptions { KeepLast = 1 });
        bench.Save(1);
        Assert.That(
            () => bench.Save(2, during: () => throw new IOException("No space left on device")),
            Throws.TypeOf<RunFolderException>().With.Message.Contains("step-000002 cannot be written: No space left on device")
                .And.Message.Contains("up to step-000001, are untouched").And.Message.Contains("free some space")
                .And.Message.Contains("--resume"));
        Assert.That(bench.Names(), Is.EqualTo(new[] { "step-000001" }));
        Assert.That(bench.Latest()!.Step, Is.EqualTo(1));
    }

    [Test]
    public void A_failure_of_the_program_is_not_called_one_of_the_disk()
    {
        using var bench = new StoreBench();
        Assert.That(
            () => bench.Save(1, during: () => throw new InvalidOperationException("a mistake")), Throws.InvalidOperationException);
        bench.Store.RemoveLeftovers();
        Assert.That(bench.Names(), Is.Empty);
    }

    [Test]
    public void Options_out_of_range_are_named() => Assert.Multiple(() =>
    {
        Refused(new CheckpointOptions { Every = -1 }, "Checkpoints.Every");
        Refused(new CheckpointOptions { KeepLast = 0 }, "Checkpoints.KeepLast");
        Refused(new CheckpointOptions { OnFailure = (CheckpointFailure)5 }, "Checkpoints.OnFailure");
        Refused(new CheckpointOptions { KeepBest = new KeepBestOptions { Metric = " " } }, "Checkpoints.KeepBest.Metric");
        Refused(new CheckpointOptions { KeepBest = new KeepBestOptions { Metric = "m", Better = (MetricDirection)5 } }, "Checkpoints.KeepBest.Better");
    });

    private static void Refused(CheckpointOptions options, string name) =>
        Assert.That(options.Validate, Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo(name));

    private static void Damage(string path, Func<byte[], byte[]> change) => File.WriteAllBytes(path, change(File.ReadAllBytes(path)));

    private static byte[] Flip(byte[] bytes, int place, int bit)
    {
        bytes[place] ^= (byte)(1 << bit);
        return bytes;
    }

    /// <summary>Makes the checksums right again, as a program of another version would have written them.</summary>
    private static void Reseal(string folder, string changed)
    {
        if (changed != CheckpointManifest.FileName)
        {
            File.Delete(Path.Combine(folder, CheckpointManifest.FileName));
            CheckpointManifest.Seal(folder);
        }
    }
}
