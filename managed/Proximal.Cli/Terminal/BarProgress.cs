using Spectre.Console;

namespace Proximal.Cli.Terminal;

/// <summary>A bar at the bottom of the terminal; lines scroll above it.</summary>
internal sealed class BarProgress : IProgressView
{
    private readonly IAnsiConsole _console;
    private readonly ProgressTask _task;

    private BarProgress(IAnsiConsole console, ProgressTask task)
    {
        _console = console;
        _task = task;
    }

    public static Task<T> RunAsync<T>(CliHost host, Func<IProgressView, Task<T>> work)
    {
        IAnsiConsole console = Progress.ErrorConsole(host);
        return console.Progress()
            .AutoClear(true)
            .Columns(
                new SpinnerColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new RemainingTimeColumn())
            .StartAsync(context =>
            {
                ProgressTask task = context.AddTask("starting", maxValue: 1);
                task.IsIndeterminate = true;
                return work(new BarProgress(console, task));
            });
    }

    public void Report(double done, double? total, string text)
    {
        _task.Description = Markup.Escape(text);
        _task.IsIndeterminate = total is not > 0;
        if (total is > 0)
        {
            _task.MaxValue = total.Value;
            _task.Value = Math.Min(done, total.Value);
        }
    }

    /// <summary>Prints above the bar. Lines after the first lie where the bar was, so they are filled up to cover it.</summary>
    public void Line(string text)
    {
        int width = Math.Max(1, _console.Profile.Width - 1);
        string[] lines = [.. text.Split('\n').SelectMany(line => line.Length == 0 ? [line] : line.Chunk(width).Select(part => new string(part)))];
        _console.WriteLine(string.Join('\n', lines.Select((line, index) => index == 0 ? line : line.PadRight(width))));
    }
}
