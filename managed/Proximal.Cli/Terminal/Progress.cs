using Spectre.Console;

namespace Proximal.Cli.Terminal;

/// <summary>Chooses how progress is shown: a bar with rate and time left on a terminal, plain lines elsewhere.</summary>
internal static class Progress
{
    /// <summary>Runs the work with a view of its progress.</summary>
    public static Task<T> RunAsync<T>(CliHost host, ProgressStyle style, Func<IProgressView, Task<T>> work) => style switch
    {
        ProgressStyle.Bar when host.ErrorIsTerminal => BarProgress.RunAsync(host, work),
        ProgressStyle.None => work(new SilentProgress(host)),
        _ => work(new LineProgress(host, TimeProvider.System)),
    };

    /// <summary>A console on standard error.</summary>
    public static IAnsiConsole ErrorConsole(CliHost host)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(host.Error),
            Ansi = host.ErrorIsTerminal ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = host.ErrorIsTerminal && host.Colors ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = host.ErrorIsTerminal ? InteractionSupport.Yes : InteractionSupport.No,
        });
        if (!host.ErrorIsTerminal)
        {
            console.Profile.Width = 1000;
        }

        return console;
    }
}
