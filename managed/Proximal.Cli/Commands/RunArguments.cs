using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.Configuration;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary>What every command that runs a YAML file takes: the file, overrides, quiet.</summary>
internal sealed class RunArguments
{
    /// <summary>What every such command says of interruptions.</summary>
    public const string Resuming =
        "Ctrl-C ends the run at its last committed step, with a checkpoint; a second one ends it at once. --resume goes on from the latest "
        + "checkpoint that is whole, also after a crash, and gives what an uninterrupted run would have given. The options must be as they "
        + "were, but for output, overwrite, checkpoints and paths that lead to the same content.";

    /// <param name="example">An override as it would be written, without --set.</param>
    public RunArguments(string example)
    {
        Configuration = new Option<string>("--config", "-c")
        {
            Description = "The YAML file of the run.",
            HelpName = "FILE",
            Required = true,
        };
        Overrides = new Option<string[]>("--set")
        {
            Description = $"Replace a value of the file, as in --set {example} (the value is YAML). May be repeated.",
            HelpName = "KEY=VALUE",
            AllowMultipleArgumentsPerToken = false,
            DefaultValueFactory = _ => [],
        };
        Resume = new Option<bool>("--resume") { Description = "Go on with the run in the output folder from its latest checkpoint." };
        Quiet = new Option<bool>("--quiet", "-q") { Description = "No progress on standard error; the table of the steps stays." };
    }

    public Option<string> Configuration { get; }

    public Option<string[]> Overrides { get; }

    public Option<bool> Resume { get; }

    public Option<bool> Quiet { get; }

    /// <summary>A command with these options.</summary>
    public Command Command(string name, string description) => new(name, description) { Configuration, Overrides, Resume, Quiet };

    /// <summary>The YAML file as it was named.</summary>
    public string File(ParseResult parsed) => parsed.GetValue(Configuration)!;

    /// <summary>What was typed, as a shell takes it: command, file and overrides.</summary>
    public string CommandLine(string command, ParseResult parsed) =>
        string.Join(' ', ["proximal", command, "-c", Quote(File(parsed)), .. (parsed.GetValue(Overrides) ?? []).SelectMany(value => new[] { "--set", Quote(value) })]);

    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=,:@%+".Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>The options of the file with the overrides.</summary>
    public T Bind<T>(ParseResult parsed)
        where T : RunOptions => ConfigurationBinder.Bind<T>(File(parsed), parsed.GetValue(Overrides));

    /// <summary>How progress is shown.</summary>
    public ProgressStyle Style(ParseResult parsed) => parsed.GetValue(Quiet) ? ProgressStyle.None : ProgressStyle.Bar;
}
