using System.CommandLine;
using System.Reflection;
using System.Text;
using Proximal.Cli.Commands;
using Proximal.Cli.Terminal;
using Proximal.Configuration;

namespace Proximal.Cli;

/// <summary>The command line: parses, runs one command, turns every failure into one message and an exit code.</summary>
internal static class Application
{
    /// <summary>Runs the command that <paramref name="arguments"/> name.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CliHost host)
    {
        var verbose = new Option<bool>("--verbose")
        {
            Description = "Log what the engine does, and show the stack trace of a failure.",
            Recursive = true,
        };
        RootCommand root = Build(host, verbose);
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0 && parsed.Action is not (Help or VersionAction))
        {
            host.Log($"error: {UsageError(parsed, root)}\nSee `{Help.PathOf(parsed.CommandResult.Command)} --help`.");
            return ExitCode.Usage;
        }

        try
        {
            return await InvokeAsync(parsed, host).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return Report(failure, host, parsed.GetValue(verbose));
        }
    }

    private static RootCommand Build(CliHost host, Option<bool> verbose)
    {
        var root = new RootCommand(
            "Proximal: post-training of language models.\n\n"
            + "Exit codes: 0 done, 2 wrong command line, 3 wrong file or row, 4 the work failed, 130 interrupted.\n\n"
            + "See `proximal COMMAND --help` for a command's options and what it reads and writes.")
        {
            DemoCommand.Create(host, verbose),
            PretrainCommand.Create(host, verbose),
            SftCommand.Create(host, verbose),
            RewardModelCommand.Create(host, verbose),
            PpoCommand.Create(host, verbose),
            ScoreCommand.Create(host, verbose),
            GenerateCommand.Create(host, verbose),
            ChatCommand.Create(host, verbose),
            InfoCommand.Create(host),
            PullCommand.Create(host),
            ConvertCommand.Create(host, verbose),
            MergeCommand.Create(host, verbose),
            ExportCommand.Create(host, verbose),
            TokenizeCommand.Create(host),
            TokenizerCommand.Create(host),
            EvalCommand.Create(host, verbose),
            JudgeCommand.Create(host, verbose),
            CompareCommand.Create(host),
            ReportCommand.Create(host),
            DataCommand.Create(host),
            ConfigCommand.Create(host),
            DoctorCommand.Create(host),
            verbose,
        };
        root.Options.OfType<System.CommandLine.Help.HelpOption>().Single().Action = new Help(host);
        root.Options.OfType<VersionOption>().Single().Action = new VersionAction(host);
        root.SetAction(_ =>
        {
            host.Log("error: no command given.\nSee `proximal --help`.");
            return ExitCode.Usage;
        });
        return root;
    }

    private static async Task<int> InvokeAsync(ParseResult parsed, CliHost host)
    {
        using var text = new StreamWriter(host.Output, new UTF8Encoding(false), leaveOpen: true) { AutoFlush = true };
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = text,
            Error = host.Error,
        };
        int code = await parsed.InvokeAsync(configuration, host.Interrupted).ConfigureAwait(false);
        await text.FlushAsync().ConfigureAwait(false);
        await host.Output.FlushAsync().ConfigureAwait(false);
        return code;
    }

    private static int Report(Exception failure, CliHost host, bool verbose)
    {
        if (failure is BrokenPipeException)
        {
            return ExitCode.Success;
        }

        (int code, string message) = FailureReport.Of(failure, host.Interrupted.IsCancellationRequested);
        host.Log(message);
        if (verbose)
        {
            host.Log(failure.ToString());
        }

        return code;
    }

    /// <summary>The first thing that is wrong, with the name that was probably meant.</summary>
    private static string UsageError(ParseResult parsed, RootCommand root)
    {
        string text = parsed.Errors[0].Message;
        Command command = parsed.CommandResult.Command;
        IEnumerable<string> names = command.Subcommands.Select(child => child.Name)
            .Concat(command.Options.Concat(root.Options.Where(option => option.Recursive)).Select(option => option.Name));
        return parsed.UnmatchedTokens.Count > 0 && NearestName.Find(parsed.UnmatchedTokens[0], names) is { } nearest
            ? $"unknown: '{parsed.UnmatchedTokens[0]}'; did you mean '{nearest}'?"
            : text;
    }

    private sealed class VersionAction(CliHost host) : System.CommandLine.Invocation.SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            string version = typeof(Application).Assembly
                .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
            host.Print($"proximal {version}\n");
            return ExitCode.Success;
        }
    }
}
