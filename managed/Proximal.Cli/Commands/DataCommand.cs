using System.CommandLine;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal data</c>: work on data files.</summary>
internal static class DataCommand
{
    public static Command Create(CliHost host)
    {
        var command = new Command("data", "Say what data are like and what is wrong with them.") { DataCheckCommand.Create(host) };
        command.SetAction(_ =>
        {
            host.Log("error: no command given.\nSee `proximal data --help`.");
            return ExitCode.Usage;
        });
        return command;
    }
}
