using Microsoft.Extensions.Logging;

namespace Proximal.Cli.Terminal;

/// <summary>Logs of the library as plain lines on standard error.</summary>
/// <param name="write">Writes a line.</param>
/// <param name="verbose">Everything is of interest, not only warnings and errors.</param>
/// <param name="except">An event that is shown elsewhere.</param>
internal sealed class ErrorLogger(Action<string> write, bool verbose, int? except = null) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) =>
        logLevel != LogLevel.None && logLevel >= (verbose ? LogLevel.Debug : LogLevel.Warning);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && eventId.Id != except)
        {
            write($"{NameOf(logLevel)}: {formatter(state, exception)}");
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        _ => "error",
    };
}
