using System.CommandLine;
using System.Text.Json;
using Proximal.Cli.Terminal;
using Proximal.Reports;
using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal compare</c>: runs side by side.</summary>
internal static class CompareCommand
{
    private const string Description =
        "Compare the metrics of runs.\n\n"
        + "A table with the first, the last and the best value of each metric in each run (a dash where neither direction is better), and with --output "
        + "a page with the curves of all runs in the same plots. Without --metric the metrics that matter most are shown; METRICS.md lists all.";

    public static Command Create(CliHost host)
    {
        var runs = new Argument<string[]>("RUN") { Description = "Run folders, at least one.", Arity = ArgumentArity.OneOrMore };
        var metric = new Option<string[]>("--metric")
        {
            Description = "Show this metric, or all of a group as in reward/*. May be repeated.",
            HelpName = "NAME",
            AllowMultipleArgumentsPerToken = false,
            DefaultValueFactory = _ => [],
        };
        var output = new Option<string?>("--output", "-o") { Description = "Write the page to this file.", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Print the figures as JSON instead of a table." };
        var command = new Command("compare", Description) { runs, metric, output, json };
        command.SetAction(parsed =>
        {
            var comparison = RunComparison.Read(parsed.GetValue(runs)!, parsed.GetValue(metric)!);
            if (comparison.Metrics.Count == 0)
            {
                throw new CommandException(ExitCode.Data, "none of the runs has such a metric: see metrics.jsonl for the names, or leave --metric out");
            }

            if (parsed.GetValue(output) is { } file)
            {
                File.WriteAllText(file, comparison.Page());
            }

            host.Print(parsed.GetValue(json) ? Json(comparison) : TextTable.Render(host, comparison.Header, comparison.Rows()));
            return ExitCode.Success;
        });
        return command;
    }

    private static string Json(RunComparison comparison) => JsonSerializer.Serialize(
        comparison.Runs.Select(run => new Dictionary<string, object>
        {
            ["run"] = run.Path,
            ["steps"] = run.LastStep,
            ["metrics"] = comparison.Metrics.Where(run.Curves.ContainsKey).ToDictionary(
                name => name,
                name => new { first = run.Curves[name].First, last = run.Curves[name].Last, min = run.Curves[name].Min, max = run.Curves[name].Max }),
        })) + "\n";
}
