using NUnit.Framework;

namespace Proximal.Tests.Cli;

public sealed class UsageTests
{
    private static readonly string[] Commands = ["demo", "ppo", "score", "generate", "tokenize", "tokenizer", "eval", "judge", "compare", "report", "data", "config", "doctor", "pull", "convert", "merge", "export"];

    [Test]
    public void The_version_is_one_line_on_standard_output()
    {
        CliRun run = CliRun.Of(string.Empty, "--version");
        Assert.That(run.Code, Is.Zero);
        Assert.That(run.Output, Does.Match(@"^proximal \d+\.\d+\.\d+\S*\n$"));
        Assert.That(run.Error, Is.Empty);
    }

    [Test]
    public void Help_lists_the_commands_and_the_exit_codes()
    {
        CliRun run = CliRun.Of(string.Empty, "--help");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero);
            Assert.That(run.Error, Is.Empty);
            Assert.That(Commands.Select(command => $"\n  {command} "), Has.All.Matches<string>(run.Output.Contains));
            Assert.That(run.Output, Does.Contain("130 interrupted"));
        });
    }

    [TestCaseSource(nameof(Commands))]
    public void Help_of_a_command_needs_no_other_option_and_fits_the_line(string command)
    {
        CliRun run = CliRun.Of(string.Empty, command, "--help");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Error, Is.Empty);
            Assert.That(run.Output, Does.Contain($"Usage: proximal {command} "));
            Assert.That(run.Output.Split('\n').Where(line => line.Length > 100), Is.Empty);
        });
    }

    [TestCase("score")]
    [TestCase("generate")]
    [TestCase("tokenize")]
    public void Every_command_on_rows_takes_tokenizer_and_stop_tokens(string command)
    {
        string help = CliRun.Of(string.Empty, command, "-h").Output;
        Assert.That(help, Does.Contain("--tokenizer PATH").And.Contain("--stop-token-ids IDS").And.Contain("--output FILE"));
    }

    [Test]
    public void No_command_is_a_usage_error_with_the_way_to_the_help()
    {
        CliRun run = CliRun.Of(string.Empty);
        Assert.That(run, Is.EqualTo(new CliRun(2, string.Empty, "error: no command given.\nSee `proximal --help`.\n")));
    }

    [TestCase("--seed", "-1")]
    [TestCase("--seed", "18446744073709551616")]
    [TestCase("--n", "0")]
    [TestCase("--n", "65537")]
    [TestCase("--max-new-tokens", "0")]
    [TestCase("--max-new-tokens", "1.5")]
    [TestCase("--top-k", "-1")]
    [TestCase("--top-p", "0")]
    [TestCase("--top-p", "NaN")]
    [TestCase("--min-p", "1.01")]
    [TestCase("--temperature", "-0.1")]
    [TestCase("--temperature", "Infinity")]
    [TestCase("--threads", "1025")]
    [TestCase("--max-batch", "x")]
    public void Numbers_out_of_range_are_usage_errors_that_name_option_range_and_value(string option, string value)
    {
        CliRun run = CliRun.Of(string.Empty, "generate", "-m", "m", "-i", "-", option, value);
        Assert.That(run.Code, Is.EqualTo(2), run.Error);
        Assert.That(run.Error, Does.Match($@"^error: {option}: expected .*, got '{value}'\.\nSee `proximal generate --help`\.\n$"));
    }

    [Test]
    public void Verbose_adds_the_trace_of_a_failure()
    {
        string[] arguments = ["score", "-m", "/absent", "-i", "-"];
        Assert.That(CliRun.Of(string.Empty, arguments).Error, Does.Not.Contain("   at "));
        Assert.That(CliRun.Of(string.Empty, [.. arguments, "--verbose"]).Error, Does.Contain("   at "));
    }
}
