using System.CommandLine;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal config</c>: what may stand in a YAML file.</summary>
internal static class ConfigCommand
{
    public static Command Create(CliHost host)
    {
        var command = new Command("config", "Explain the keys of YAML files, and print their JSON schemas for editors.")
        {
            ConfigExplainCommand.Create(host),
            ConfigSchemaCommand.Create(host),
        };
        command.SetAction(_ =>
        {
            host.Log("error: no command given.\nSee `proximal config --help`.");
            return ExitCode.Usage;
        });
        return command;
    }
}
