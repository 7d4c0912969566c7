using Spectre.Console;

namespace Proximal.Cli.Terminal;

/// <summary>A table for people: aligned columns, the first to the left, the others to the right.</summary>
internal static class TextTable
{
    private const int WidthWithoutTerminal = 200;

    /// <summary>The table as text.</summary>
    public static string Render(CliHost host, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text),
            Ansi = host.OutputIsTerminal && host.Colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = host.OutputIsTerminal && host.Colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        });
        console.Profile.Width = host.OutputIsTerminal ? Math.Max(60, Console.WindowWidth) : WidthWithoutTerminal;
        Table table = new Table().Border(TableBorder.None);
        for (int column = 0; column < header.Count; column++)
        {
            var heading = new TableColumn($"[bold]{Markup.Escape(header[column])}[/]")
            {
                Alignment = column == 0 ? Justify.Left : Justify.Right,
                NoWrap = column == 0,
            };
            table.AddColumn(heading.PadRight(2));
        }

        foreach (IReadOnlyList<string> row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        console.Write(table);
        return string.Join('\n', text.ToString().Split('\n').Select(line => line.TrimEnd()));
    }
}
