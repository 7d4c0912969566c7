using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proximal.Diagnostics;
using Spectre.Console;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal doctor</c>: looks at the machine.</summary>
internal static class DoctorCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    public static Command Create(CliHost host)
    {
        var json = new Option<bool>("--json") { Description = "Print the findings as JSON." };
        var command = new Command(
            "doctor", "Look at everything on this machine that decides whether and how fast the engine runs. Exits with 0 when it runs, else 4.")
        {
            json,
        };
        command.SetAction(parsed => Run(host, parsed.GetValue(json)));
        return command;
    }

    private static int Run(CliHost host, bool json)
    {
        DoctorReport report = Doctor.Run();
        host.Print(json ? ToJson(report) : ToTable(report, host));
        return report.Healthy ? ExitCode.Success : ExitCode.Run;
    }

    private static string ToJson(DoctorReport report) => JsonSerializer.Serialize(
        new
        {
            report.Healthy,
            Findings = report.Findings.Select(finding => new
            {
                finding.Topic,
                finding.Value,
                Severity = JsonNamingPolicy.SnakeCaseLower.ConvertName(finding.Severity.ToString()),
                finding.Advice,
            }),
        },
        Json) + "\n";

    private static string ToTable(DoctorReport report, CliHost host)
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text),
            Ansi = host.OutputIsTerminal && host.Colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = host.OutputIsTerminal && host.Colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        });
        console.Profile.Width = host.OutputIsTerminal ? Math.Max(60, Console.WindowWidth) : 160;
        Table table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("mark", "topic", "value");
        table.Columns[0].NoWrap();
        table.Columns[1].NoWrap();
        foreach (DoctorFinding finding in report.Findings)
        {
            string value = finding.Advice is { } advice ? $"{finding.Value}\n-> {advice}" : finding.Value;
            table.AddRow(Mark(finding.Severity), Markup.Escape(finding.Topic), Markup.Escape(value));
        }

        console.Write(table);
        int warnings = report.Findings.Count(finding => finding.Severity == DoctorSeverity.Warning);
        int errors = report.Findings.Count(finding => finding.Severity == DoctorSeverity.Error);
        console.WriteLine(report.Healthy
            ? $"\nHealthy{(warnings > 0 ? $", {warnings} to look at" : string.Empty)}."
            : $"\nNot healthy: {errors} broken.");
        return string.Join('\n', text.ToString().Split('\n').Select(line => line.TrimEnd()));
    }

    private static string Mark(DoctorSeverity severity) => severity switch
    {
        DoctorSeverity.Warning => "[yellow]warning[/]",
        DoctorSeverity.Error => "[red]error[/]",
        _ => "[green]ok[/]",
    };
}
