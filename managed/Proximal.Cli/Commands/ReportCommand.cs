using System.CommandLine;
using Proximal.Reports;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal report</c>: the page of a run.</summary>
internal static class ReportCommand
{
    private const string Description =
        "Write the report of a run: report.html and report.md in the run folder.\n\n"
        + "Every run writes its report when it ends. This command writes it for a run that is under way or was killed, or again. The page is one "
        + "file without outside resources: curves, warnings, samples side by side, and tokens coloured by advantage or KL. The last line of standard "
        + "output is the page's path.";

    public static Command Create(CliHost host)
    {
        var run = new Argument<string>("RUN") { Description = "The run folder." };
        var command = new Command("report", Description) { run };
        command.SetAction(parsed =>
        {
            host.Print(RunReport.Write(parsed.GetValue(run)!) + "\n");
            return ExitCode.Success;
        });
        return command;
    }
}
