using System.Text;
using NUnit.Framework;
using Proximal.Data;

namespace Proximal.Tests.Cli;

public sealed class LineReaderTests
{
    private const int Limit = 100;

    [TestCase("a\nb\n", "1:a 2:b")]
    [TestCase("a\nb", "1:a 2:b")]
    [TestCase("\n a\r\n\n \t\r\nb", "2: a\r 5:b")]
    [TestCase("", "")]
    [TestCase("\n", "")]
    public void Lines_keep_their_numbers_and_blank_ones_are_left_out(string text, string expected) =>
        Assert.That(string.Join(' ', Read(Encoding.UTF8.GetBytes(text)).Select(line => $"{line.Number}:{Encoding.UTF8.GetString(line.Bytes.Span)}")), Is.EqualTo(expected));

    [Test]
    public void A_line_that_is_too_long_is_skipped_and_said_so()
    {
        RawLine[] lines = Read(Encoding.UTF8.GetBytes($"a\n{new string('x', 300_000)}\nb\n{new string('y', Limit)}\n{new string('z', Limit + 1)}"));
        Assert.Multiple(() =>
        {
            Assert.That(lines.Select(line => line.IsTooLong), Is.EqualTo(new[] { false, true, false, false, true }));
            Assert.That(lines.Select(line => line.Bytes.Length), Is.EqualTo(new[] { 1, 0, 1, Limit, 0 }));
        });
    }

    [TestCase(65_535)]
    [TestCase(65_536)]
    [TestCase(65_537)]
    public void Lines_across_the_chunks_of_reading_are_whole(int length)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($"{new string('x', length)}\nend\n");
        RawLine[] lines = [.. new LineReader(new MemoryStream(bytes), 1 << 20).Read()];
        Assert.Multiple(() =>
        {
            Assert.That(lines[0].Bytes.Length, Is.EqualTo(length));
            Assert.That(Encoding.UTF8.GetString(lines[1].Bytes.Span), Is.EqualTo("end"));
            Assert.That(lines[1].End, Is.EqualTo(bytes.Length));
        });
    }

    private static RawLine[] Read(byte[] bytes) => [.. new LineReader(new MemoryStream(bytes), Limit).Read()];
}
