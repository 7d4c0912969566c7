using System.CommandLine;
using Proximal.Configuration;
using Proximal.Configuration.Schemas;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal config schema</c>: the JSON schema of a command's YAML file.</summary>
internal static class ConfigSchemaCommand
{
    private const string Description =
        "Print the JSON schema (draft 7) of a command's YAML file.\n\n"
        + "With it an editor completes and checks the file as it is written. Where YAML's language server is at work (VS Code, Neovim, Emacs, Helix, "
        + "...), the file's first line names the schema, from the file's own folder:\n\n"
        + "  proximal config schema ppo --output ppo.schema.json\n"
        + "  # yaml-language-server: $schema=ppo.schema.json\n\n"
        + "The schema knows keys, types, names and defaults. Ranges of numbers, and keys that exclude each other, are checked when the file is read.";

    public static Command Create(CliHost host)
    {
        var stage = new Argument<string>("COMMAND") { Description = $"The command that reads the file: {string.Join(", ", ConfigurationStage.All.Select(one => one.Name))}." };
        var output = new Option<string?>("--output", "-o") { Description = "Write it to this file.", HelpName = "FILE" };
        var command = new Command("schema", Description) { stage, output };
        command.SetAction(parsed =>
        {
            string text = ConfigurationSchema.Of(Find(parsed.GetValue(stage)!)).Text;
            if (parsed.GetValue(output) is { } file)
            {
                Write(file, text);
            }
            else
            {
                host.Print(text);
            }

            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The stage of a command's name.</summary>
    public static ConfigurationStage Find(string name) => ConfigurationStage.Find(name) ?? throw new CommandException(
        ExitCode.Usage, $"'{name}' reads no YAML file; {NearestName.Advice(name, [.. ConfigurationStage.All.Select(stage => stage.Name)])}");

    private static void Write(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"--output {file}: cannot be written ({failure.Message}); name a file in a folder that exists", failure);
        }
    }
}
