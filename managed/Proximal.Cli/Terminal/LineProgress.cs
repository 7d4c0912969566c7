using System.Globalization;

namespace Proximal.Cli.Terminal;

/// <summary>Says every few seconds where the work is, in a plain line.</summary>
internal sealed class LineProgress(CliHost host, TimeProvider time) : IProgressView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly long _start = time.GetTimestamp();
    private TimeSpan _next = Interval;

    public void Report(double done, double? total, string text)
    {
        TimeSpan elapsed = time.GetElapsedTime(_start);
        if (elapsed < _next)
        {
            return;
        }

        _next = elapsed + Interval;
        host.Log($"{text}{Left(done, total, elapsed)}");
    }

    public void Line(string text) => host.Log(text);

    private static string Left(double done, double? total, TimeSpan elapsed)
    {
        if (total is not > 0 || done <= 0)
        {
            return string.Empty;
        }

        double share = Math.Min(1, done / total.Value);
        TimeSpan left = elapsed * ((1 - share) / share);
        return string.Create(CultureInfo.InvariantCulture, $" ({share:P0}, {Durations.Short(left)} left)");
    }
}
