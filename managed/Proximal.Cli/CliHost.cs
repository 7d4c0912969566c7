using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Proximal.Cli.Terminal;

namespace Proximal.Cli;

/// <summary>What a command talks to: its streams, what they are connected to, and the wish to stop.</summary>
internal sealed partial class CliHost : IDisposable
{
    private static readonly TimeSpan SameWish = TimeSpan.FromMilliseconds(500);

    private readonly List<IDisposable> _owned = [];
    private Action? _interruptTaker;

    /// <summary>Standard input, as bytes: rows may be broken in ways that a text reader would hide.</summary>
    public required Stream Input { get; init; }

    /// <summary>Standard output: rows and asked-for texts, nothing else.</summary>
    public required Stream Output { get; init; }

    /// <summary>Standard error: logs, progress and messages.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Standard error is a terminal that understands escape sequences.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Standard output is a terminal.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Colours are welcome (NO_COLOR is not set).</summary>
    public bool Colors { get; init; } = true;

    /// <summary>Is cancelled by SIGINT and SIGTERM.</summary>
    public CancellationToken Interrupted { get; init; }

    /// <summary>The console of this process, with its signals.</summary>
    public static CliHost OfThisProcess()
    {
        var interruption = new Interruption();
        bool dumb = Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
        var host = new CliHost
        {
            Input = Console.OpenStandardInput(),
            Output = new BufferedStream(new StandardOutput(), 1 << 16),
            Error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true },
            ErrorIsTerminal = !Console.IsErrorRedirected && !dumb,
            OutputIsTerminal = !Console.IsOutputRedirected,
            Colors = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
            Interrupted = interruption.Token,
        };
        host._owned.Add(interruption);
        host._owned.Add(Listen(PosixSignal.SIGINT, interruption, host.TryInterruptPart));
        host._owned.Add(Listen(PosixSignal.SIGTERM, interruption, () => false));
        return host;
    }

    /// <summary>Writes a line to standard error.</summary>
    public void Log(string line)
    {
        lock (Error)
        {
            Error.WriteLine(line);
        }
    }

    /// <summary>Writes a text to standard output.</summary>
    public void Print(string text)
    {
        Output.Write(Encoding.UTF8.GetBytes(text));
        Output.Flush();
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
    }

    /// <summary>Lets the next SIGINT end a part of the work instead of all of it; <see langword="null"/>: no longer.</summary>
    public void TakeInterrupt(Action? taker) => Interlocked.Exchange(ref _interruptTaker, taker);

    /// <summary>What SIGINT does first: ends the part that asked for it. False when none did.</summary>
    internal bool TryInterruptPart()
    {
        Action? taker = Interlocked.Exchange(ref _interruptTaker, null);
        taker?.Invoke();
        return taker is not null;
    }

    /// <summary>The first signal asks the work to end; a later one ends the process at once.</summary>
    /// <remarks>
    /// `timeout` signals its child and then the whole group, so one wish may arrive twice: what follows within
    /// <see cref="SameWish"/> is no second one.
    /// </remarks>
    private static PosixSignalRegistration Listen(PosixSignal signal, Interruption interruption, Func<bool> endsPart) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            if (!endsPart() && !interruption.Request())
            {
                // Not Environment.Exit: it would tear down native libraries that still compute.
                ExitNow(ExitCode.Interrupted);
            }
        });

    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void ExitNow(int code);

    /// <summary>The wish to stop, and since when there is one.</summary>
    private sealed class Interruption : IDisposable
    {
        private readonly CancellationTokenSource _source = new();
        private long _since;

        public CancellationToken Token => _source.Token;

        /// <summary>Asks the work to end; false when that was asked for a while ago.</summary>
        public bool Request()
        {
            long now = Stopwatch.GetTimestamp();
            long since = Interlocked.CompareExchange(ref _since, now, 0);
            if (since == 0)
            {
                _source.Cancel();
            }

            return since == 0 || Stopwatch.GetElapsedTime(since, now) < SameWish;
        }

        public void Dispose() => _source.Dispose();
    }
}
