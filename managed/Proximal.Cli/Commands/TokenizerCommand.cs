using System.CommandLine;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal tokenizer</c>: work on tokenizers themselves.</summary>
internal static class TokenizerCommand
{
    public static Command Create(CliHost host)
    {
        var command = new Command("tokenizer", "Make tokenizers.\n\nTo turn texts into ids see `proximal tokenize`.") { TokenizerTrainCommand.Create(host) };
        command.SetAction(_ =>
        {
            host.Log("error: no command given.\nSee `proximal tokenizer --help`.");
            return ExitCode.Usage;
        });
        return command;
    }
}
