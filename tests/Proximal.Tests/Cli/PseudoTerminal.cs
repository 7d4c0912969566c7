using System.Diagnostics;
using System.Text;

namespace Proximal.Tests.Cli;

/// <summary>A command under a terminal of its own, which util-linux's <c>script</c> makes: what is sent is typed, control characters included.</summary>
internal sealed class PseudoTerminal : IDisposable
{
    public const string CtrlC = "\u0003";
    public const string CtrlD = "\u0004";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly StringBuilder _screen = new();
    private readonly Task _reading;
    private int _seen;
    private bool _ended;

    /// <summary>Starts a command; no argument may hold a quote or a space.</summary>
    public PseudoTerminal(params string[] command)
    {
        var start = new ProcessStartInfo("script", ["-qefc", $"TERM=xterm exec {string.Join(' ', command)}", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        _process = Process.Start(start)!;
        _process.StandardInput.AutoFlush = true;
        _reading = Task.Run(Read);
    }

    /// <summary>Everything that was shown so far.</summary>
    public string Screen
    {
        get
        {
            lock (_screen)
            {
                return _screen.ToString();
            }
        }
    }

    /// <summary>Types.</summary>
    public void Type(string keys) => _process.StandardInput.Write(keys);

    /// <summary>Waits until a text is shown behind what was waited for before.</summary>
    /// <returns>What was shown up to it.</returns>
    public string WaitFor(string text) => WaitUntil($"'{text}' behind '{Screen[.._seen]}'", screen =>
    {
        int at = screen.IndexOf(text, _seen, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        string before = screen[_seen..at];
        _seen = at + text.Length;
        return before;
    });

    /// <summary>Looks at everything that was shown, each time there is more of it, until it is enough.</summary>
    /// <param name="what">Is waited for; for the message.</param>
    /// <param name="find">What is wanted of the screen; <see langword="null"/>: not there yet.</param>
    public string WaitUntil(string what, Func<string, string?> find)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_screen)
        {
            while (true)
            {
                if (find(_screen.ToString()) is { } found)
                {
                    return found;
                }

                TimeSpan left = Patience - Stopwatch.GetElapsedTime(start);
                if (_ended || left <= TimeSpan.Zero)
                {
                    throw new TimeoutException($"{what} was not shown, but '{_screen}'");
                }

                Monitor.Wait(_screen, left);
            }
        }
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code, and what was shown since the last wait.</returns>
    public (int Code, string Shown) End()
    {
        if (!_process.WaitForExit(Patience) || !_reading.Wait(Patience))
        {
            throw new TimeoutException($"still running: '{Screen}'");
        }

        return (_process.ExitCode, Screen[_seen..]);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private void Read()
    {
        char[] buffer = new char[4096];
        while (_process.StandardOutput.Read(buffer) is > 0 and int count)
        {
            lock (_screen)
            {
                _screen.Append(buffer, 0, count);
                Monitor.PulseAll(_screen);
            }
        }

        lock (_screen)
        {
            _ended = true;
            Monitor.PulseAll(_screen);
        }
    }
}
