using System.Diagnostics;
using NUnit.Framework;

namespace Proximal.Tests.Cli;

/// <summary>What only a process of its own can show: exit codes, signals, pipes.</summary>
public sealed class ProcessTests
{
    private TinyFolder _tiny = null!;

    [OneTimeSetUp]
    public void Write_the_model() => _tiny = new TinyFolder();

    [OneTimeTearDown]
    public void Remove_it() => _tiny.Dispose();

    [Test]
    public void Rows_go_through_the_real_streams()
    {
        CliRun run = CliProcess.Run("{\"id\":\"é\",\"tokens\":[1,3]}\n{\"id\":2}\n", "score", "-m", _tiny.Model, "-i", "-");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(3), run.Error);
            Assert.That(run.Error, Is.Empty);
            Assert.That(run.Rows, Has.Length.EqualTo(2));
            Assert.That(run.Rows[0].GetProperty("id").GetString(), Is.EqualTo("é"));
        });
    }

    [TestCase(0, "--version")]
    [TestCase(2, "scor")]
    [TestCase(3, "score", "-m", "/absent", "-i", "-")]
    public void Exit_codes_are_the_processs(int code, params string[] arguments)
    {
        CliRun run = CliProcess.Run(string.Empty, arguments);
        Assert.That(run.Code, Is.EqualTo(code));
        Assert.That(run.Output + run.Error, Does.Not.Contain("\u001b"), "no escape sequences where there is no terminal");
    }

    [Test]
    public void A_broken_native_library_is_exit_code_4_and_lists_what_was_tried()
    {
        CliRun run = CliProcess.Shell("PROXIMAL_NATIVE_DIR=/absent exec \"$@\"", "score", "-m", _tiny.Model, "-i", "/dev/null");
        Assert.That(run.Code, Is.EqualTo(4));
        Assert.That(run.Error, Does.StartWith("error: The native library").And.Contain("/absent/libproximal.so").And.Not.Contain("   at "));
    }

    [Test]
    public void A_sick_machine_is_exit_code_4_of_the_doctor()
    {
        CliRun run = CliProcess.Shell("PROXIMAL_NATIVE_DIR=/absent exec \"$@\"", "doctor");
        Assert.That(run.Code, Is.EqualTo(4), run.Error);
        Assert.That(run.Output, Does.Contain("/absent/libproximal.so").And.Contain("Not healthy"));
    }

    [TestCase("INT")]
    [TestCase("TERM")]
    public void A_signal_ends_the_command_with_130_and_the_answers_so_far(string signal)
    {
        using Process process = CliProcess.Start("score", "-m", _tiny.Model, "-i", "-");
        process.StandardInput.Write("{\"id\":1,\"tokens\":[1,3]}\n");
        process.StandardInput.Flush();
        string? first = process.StandardOutput.ReadLine();
        CliProcess.Signal(process, signal);
        CliRun run = CliProcess.End(process);
        Assert.That(first, Does.StartWith("{\"id\":1,\"tokens\":[1,3],\"logprobs\":[null,"));
        Assert.That(run, Is.EqualTo(new CliRun(130, string.Empty, "interrupted\n")));
    }

    [Test]
    public void A_signal_that_arrives_twice_at_once_is_one_wish()
    {
        // As `timeout` sends it: to its child, then to the whole group.
        using Process process = CliProcess.Start("score", "-m", _tiny.Model, "-i", "-");
        process.StandardInput.Write("{\"id\":1,\"tokens\":[1,3]}\n");
        process.StandardInput.Flush();
        process.StandardOutput.ReadLine();
        CliProcess.Signal(process, "INT");
        CliProcess.Signal(process, "INT");
        Assert.That(CliProcess.End(process), Is.EqualTo(new CliRun(130, string.Empty, "interrupted\n")));
    }

    [TestCase("", true)]
    [TestCase("NO_COLOR=1", false)]
    public void A_terminal_gets_a_bar_in_colours_unless_they_are_not_wanted(string environment, bool colours)
    {
        string rows = _tiny.Write("bar.jsonl", string.Concat(Enumerable.Repeat("{\"text\":\"abc abc abc abc\"}\n", 50_000)));
        string output = _tiny["bar-out.jsonl"];
        CliRun run = CliProcess.Shell(
            $"script -qec \"{environment} TERM=xterm-256color $* > '{output}'\" /dev/null", "tokenize", "-m", _tiny.Model, "-i", rows);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("tokenize: ").And.Contain("rows/s").And.Contain("\u001b["));
            Assert.That(run.Output.Contains("\u001b[38;", StringComparison.Ordinal), Is.EqualTo(colours));
            Assert.That(File.ReadLines(output).Count(), Is.EqualTo(50_000));
            Assert.That(File.ReadLines(output).First(), Does.StartWith("{\"id\":null,\"ids\":["));
        });
    }

    [Test]
    public void A_reader_that_leaves_ends_the_command_quietly()
    {
        string rows = _tiny.Write("many.jsonl", string.Concat(Enumerable.Repeat("{\"text\":\"abc abc abc abc\"}\n", 50_000)));
        CliRun run = CliProcess.Shell(
            "set -o pipefail; \"$@\" | head -n 1; echo \"${PIPESTATUS[0]}\"", "tokenize", "-m", _tiny.Model, "-i", rows);
        Assert.That(run.Output, Does.EndWith("}\n0\n"));
        Assert.That(run.Error, Is.Empty);
    }

    [Test]
    public void A_full_disk_is_a_failure_with_a_message()
    {
        Assume.That(File.Exists("/dev/full"), "this system has no /dev/full");
        CliRun run = CliProcess.Shell("exec \"$@\" < /dev/null > /dev/full", "--version");
        Assert.That(run.Code, Is.EqualTo(4));
        Assert.That(run.Error, Does.StartWith("error: standard output cannot be written:"));
    }

    [Test]
    public void Two_commands_share_one_output_file()
    {
        string file = _tiny["shared.txt"];
        CliRun run = CliProcess.Shell($"(\"$@\"; \"$@\") > '{file}'", "--version");
        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(File.ReadAllLines(file), Has.Length.EqualTo(2));
    }
}
