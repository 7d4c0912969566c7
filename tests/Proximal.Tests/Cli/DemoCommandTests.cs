using NUnit.Framework;
using Proximal.Cli.Commands;
using Proximal.Tests.Models;
using Proximal.WarmStories;

namespace Proximal.Tests.Cli;

/// <summary><c>proximal demo</c> without its work, which DemoTests does.</summary>
public sealed class DemoCommandTests
{
    [TestCase(2, "--seed: expected a whole number", "--seed", "x")]
    [TestCase(2, "--threads: expected a whole number", "--threads", "-1")]
    [TestCase(2, "did you mean '--out'?", "--ou", "x")]
    public void A_wrong_command_line_is_told(int code, string expected, params string[] arguments)
    {
        CliRun run = CliRun.Of(string.Empty, ["demo", .. arguments]);
        Assert.That(run.Code, Is.EqualTo(code));
        Assert.That(run.Error, Does.Contain(expected));
        Assert.That(run.Output, Is.Empty);
    }

    [Test]
    public void A_folder_that_cannot_be_used_is_told_before_anything_is_done()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "x");
        Directory.CreateDirectory(folder["taken", "data"]);
        Assert.Multiple(() =>
        {
            Check("is a file: name a folder.", "--out", folder["file"]);
            Check("holds a demo already: name another output folder, or go on with --resume.", "--out", folder["taken"]);
            Check("holds no demo to go on with", "--out", folder["none"], "--resume");
            Check("cannot be made a run folder", "--out", "/proc/demo");
        });

        static void Check(string expected, params string[] arguments)
        {
            CliRun run = CliRun.Of(string.Empty, ["demo", .. arguments]);
            Assert.That(run.Code, Is.EqualTo(3), run.Error);
            Assert.That(run.Error, Does.StartWith("error: --out: ").And.Contain(expected));
        }
    }

    [Test]
    public void The_end_fits_a_terminal_of_eighty_columns()
    {
        string text = DemoView.Conclusion(new DemoResult
        {
            Folder = "/f",
            Report = "/f/report.html",
            Lines = [.. Enumerable.Range(1, 10).Select(i => $"Line {i}.")],
            Prompt = string.Join(' ', Enumerable.Repeat("begin", 30)),
            Before = string.Join(' ', Enumerable.Repeat("old", 40)),
            After = "new " + new string('x', 100),
        });
        string[] lines = text.Split('\n');
        Assert.Multiple(() =>
        {
            Assert.That(lines, Has.All.Matches<string>(line => line.Length <= 80));
            Assert.That(text, Does.StartWith("\nLine 1.\nLine 2.\n").And.EndsWith("\n\n/f/report.html\n"));
            Assert.That(lines, Has.Some.Matches<string>(line => line.StartsWith("BEFORE PPO ", StringComparison.Ordinal) && line.EndsWith(" AFTER PPO", StringComparison.Ordinal)));
            Assert.That(string.Join(' ', lines.Select(line => line.Length > 41 ? line[..38] : line)).Split("old"), Has.Length.EqualTo(41), "no word is lost");
        });
    }
}
