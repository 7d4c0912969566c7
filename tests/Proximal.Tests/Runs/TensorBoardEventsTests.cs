using System.Text;
using NUnit.Framework;
using Proximal.Runs;
using Proximal.Tests.Models;

namespace Proximal.Tests.Runs;

public sealed class TensorBoardEventsTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    /// <summary>The check value of CRC-32C, and the mask of it by hand: rotate right by 15, add 0xA282EAD8.</summary>
    [Test]
    public void The_checksum_is_the_masked_castagnoli_one()
    {
        byte[] digits = Encoding.ASCII.GetBytes("123456789");
        const uint Crc = 0xE3069283;
        uint masked = unchecked(((Crc >> 15) | (Crc << 17)) + 0xA282EAD8);
        Assert.Multiple(() =>
        {
            Assert.That(TensorBoardEvents.MaskedCrc(digits), Is.EqualTo(masked));
            Assert.That(TensorBoardReader.MaskedCrc(digits), Is.EqualTo(masked));
            Assert.That(TensorBoardEvents.MaskedCrc([]), Is.EqualTo(0xA282EAD8));
        });
    }

    [Test]
    public void A_reader_of_the_format_gets_what_was_written()
    {
        string path = Write([], (0, new() { ["a/b"] = 0.1 }), (300, new() { ["a/b"] = -2, ["größe"] = 1e-30 }));
        IReadOnlyList<TensorBoardEvent> events = TensorBoardReader.Read(path);
        Assert.Multiple(() =>
        {
            Assert.That(Path.GetFileName(path), Does.Contain("tfevents"));
            Assert.That(events.Select(item => item.Step), Is.EqualTo(new long[] { 0, 0, 300 }));
            Assert.That(events[0].FileVersion, Is.EqualTo("brain.Event:2"));
            Assert.That(events[1].Scalars, Is.EqualTo(new Dictionary<string, float> { ["a/b"] = 0.1f }));
            Assert.That(events[2].Scalars, Is.EqualTo(new Dictionary<string, float> { ["a/b"] = -2, ["größe"] = 1e-30f }));
            Assert.That(events.Select(item => item.WallTime), Has.All.EqualTo(1_700_000_000.5));
        });
    }

    [Test]
    public void Numbers_that_do_not_exist_are_left_out()
    {
        string path = Write([], (1, new() { ["none"] = double.NaN, ["much"] = double.PositiveInfinity, ["some"] = 3 }));
        Assert.That(TensorBoardReader.Read(path)[1].Scalars.Keys, Is.EqualTo(new[] { "some" }));
    }

    [Test]
    public void Whoever_reads_along_sees_every_step_at_once()
    {
        using TensorBoardEvents events = TensorBoardEvents.Start(_folder["."], [], new FixedTime());
        for (int step = 1; step <= 3; step++)
        {
            events.Write(step, new Dictionary<string, double> { ["x"] = step });
            Assert.That(TensorBoardReader.Read(events.Path), Has.Count.EqualTo(1 + step));
        }
    }

    [Test]
    public void A_run_that_goes_on_writes_its_events_anew_from_its_metrics()
    {
        string first = Write([], (1, new() { ["x"] = 1 }), (2, new() { ["x"] = 2 }), (3, new() { ["x"] = 3 }));
        File.WriteAllBytes(first, File.ReadAllBytes(first)[..^5]);
        MetricsRow[] rows = [new(1, new Dictionary<string, double> { ["x"] = 1 }, []), new(2, new Dictionary<string, double> { ["x"] = 2 }, [])];
        string second = Write(rows, (3, new() { ["x"] = 30 }));
        Assert.Multiple(() =>
        {
            Assert.That(Directory.GetFiles(_folder["."]), Has.Length.EqualTo(1));
            Assert.That(TensorBoardReader.Read(second).Skip(1).Select(item => (item.Step, item.Scalars["x"])), Is.EqualTo(new[] { (1L, 1f), (2L, 2f), (3L, 30f) }));
        });
    }

    [Test]
    public void The_reader_notices_a_flipped_bit()
    {
        string path = Write([], (1, new() { ["x"] = 1 }));
        byte[] bytes = File.ReadAllBytes(path);
        foreach (int at in new[] { 0, 9, 14, bytes.Length - 6, bytes.Length - 1 })
        {
            byte[] broken = [.. bytes];
            broken[at] ^= 4;
            File.WriteAllBytes(path, broken);
            Assert.That(() => TensorBoardReader.Read(path), Throws.Exception, $"byte {at}");
        }
    }

    private string Write(IEnumerable<MetricsRow> rows, params (int Step, Dictionary<string, double> Metrics)[] steps)
    {
        using TensorBoardEvents events = TensorBoardEvents.Start(_folder["."], rows, new FixedTime());
        foreach ((int step, Dictionary<string, double> metrics) in steps)
        {
            events.Write(step, metrics);
        }

        return events.Path;
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500);
    }
}
