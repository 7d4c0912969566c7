using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text;
using Proximal.Cli.Terminal;

namespace Proximal.Cli;

/// <summary>Prints the help of a command: what it does in one line, its options, then the details.</summary>
internal sealed class Help(CliHost host) : SynchronousCommandLineAction
{
    private const int MaxWidth = 100;

    public override int Invoke(ParseResult parseResult)
    {
        Command command = parseResult.CommandResult.Command;
        host.Print(TextOf(command, command is RootCommand ? [] : [.. parseResult.RootCommandResult.Command.Options.Where(option => option.Recursive)]));
        return ExitCode.Success;
    }

    /// <summary>A command as it is typed, such as <c>proximal tokenizer train</c>.</summary>
    public static string PathOf(Command command) =>
        command is RootCommand ? "proximal" : $"{PathOf(command.Parents.OfType<Command>().Single())} {command.Name}";

    /// <summary>The first sentence of what a command does.</summary>
    private static string SummaryOf(Command command) => command.Description!.Split("\n\n")[0];

    private static string TextOf(Command command, IReadOnlyList<Option> inherited)
    {
        int width = Math.Clamp(Console.IsOutputRedirected ? MaxWidth : Console.WindowWidth, 60, MaxWidth);
        var text = new StringBuilder();
        Paragraph.Append(text, SummaryOf(command), 0, width);
        text.Append($"\n\nUsage: {UsageOf(command)}\n");
        if (command.Subcommands.Count > 0)
        {
            text.Append("\nCommands:\n");
            AppendTable(text, [.. command.Subcommands.Select(child => (child.Name, SummaryOf(child)))], width);
        }

        if (command.Arguments.Count > 0)
        {
            text.Append("\nArguments:\n");
            AppendTable(text, [.. command.Arguments.Select(argument => (argument.Name, argument.Description ?? string.Empty))], width);
        }

        text.Append("\nOptions:\n");
        AppendTable(
            text,
            [.. command.Options.Concat(inherited.Except(command.Options)).Where(option => !option.Hidden).Select(option => (NamesOf(option), TextOf(option)))],
            width);
        foreach (string paragraph in command.Description!.Split("\n\n").Skip(1))
        {
            text.Append('\n');
            Paragraph.Append(text, paragraph, 0, width);
            text.Append('\n');
        }

        return text.ToString();
    }

    private static string UsageOf(Command command) => command is RootCommand
        ? "proximal COMMAND [OPTIONS]"
        : $"{PathOf(command)} " + (command.Subcommands.Count > 0 ? "COMMAND " : string.Empty) + string.Concat(command.Arguments.Select(UsageOf)) + string.Concat(command.Options
            .Where(option => option.Required)
            .Select(option => $"{option.Name} {option.HelpName} ")) + "[OPTIONS]";

    private static string UsageOf(Argument argument)
    {
        string name = argument.Arity.MaximumNumberOfValues > 1 ? $"{argument.Name}..." : argument.Name;
        return argument.Arity.MinimumNumberOfValues > 0 ? $"{name} " : $"[{name}] ";
    }

    private static string NamesOf(Option option)
    {
        string shortName = option.Aliases.FirstOrDefault(alias => alias.Length == 2) is { } alias ? $"{alias}, " : "    ";
        return $"{shortName}{option.Name}{(option.HelpName is { } value ? " " + value : string.Empty)}";
    }

    private static string TextOf(Option option) => option switch
    {
        HelpOption => "Show this help.",
        VersionOption => "Show the version.",
        { HasDefaultValue: true, HelpName: not null } when option.ValueType.IsPrimitive =>
            FormattableString.Invariant($"{option.Description} [default: {option.GetDefaultValue()}]"),
        _ => option.Description ?? string.Empty,
    };

    private static void AppendTable(StringBuilder text, (string Name, string Text)[] rows, int width)
    {
        int column = rows.Max(row => row.Name.Length) + 4;
        foreach ((string name, string description) in rows)
        {
            text.Append("  ").Append(name.PadRight(column - 2));
            Paragraph.Append(text, description, column, width);
            text.Append('\n');
        }
    }
}
