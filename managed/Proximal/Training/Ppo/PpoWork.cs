using System.Diagnostics;
using Proximal.Diagnostics;
using Proximal.Rollouts;
using Proximal.Runs;

namespace Proximal.Training.Ppo;

/// <summary>A step under way: who is told, how long its phases took, and whether it should end.</summary>
internal sealed class PpoWork(
    int step, int steps, TimeProvider time, IProgress<PpoProgress>? progress, CancellationToken cancellationToken)
{
    private readonly long _start = time.GetTimestamp();
    private readonly Dictionary<PpoPhase, TimeSpan> _times = [];
    private PpoPhase _phase;
    private long _done;
    private long _total;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Starts a phase, whose time is taken until the result is disposed.</summary>
    public Timing Enter(PpoPhase phase, long total)
    {
        cancellationToken.ThrowIfCancellationRequested();
        (_phase, _done, _total) = (phase, 0, total);
        Report();
        return GoOn();
    }

    /// <summary>Goes on with the phase, whose time is taken until the result is disposed.</summary>
    public Timing GoOn() => new(this, time.GetTimestamp(), Activities.StartPhase(NameOf(_phase)));

    /// <summary>Counts units of the phase as done.</summary>
    public void Advance(long units)
    {
        _done += units;
        Report();
    }

    /// <summary>Reports finished responses as units of the phase.</summary>
    public IProgress<GenerationProgress> ReportGeneration() => new Finished(this);

    /// <summary>Seconds of a phase so far.</summary>
    public double Seconds(PpoPhase phase) => _times.GetValueOrDefault(phase).TotalSeconds;

    /// <summary>FLOP of the models so far.</summary>
    public double Flop { get; private set; }

    /// <summary>Counts the arithmetic of what was done.</summary>
    public void Compute(double flop) => Flop += flop;

    /// <summary>Seconds since the step began.</summary>
    public double TotalSeconds => time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Tells whoever listens how long the step and its phases took.</summary>
    public void Measure()
    {
        foreach ((PpoPhase phase, TimeSpan duration) in _times)
        {
            Instruments.PhaseEnded(RunKind.Ppo, NameOf(phase), duration.TotalSeconds);
        }

        Instruments.Stepped(RunKind.Ppo, TotalSeconds);
    }

    private static string NameOf(PpoPhase phase) => phase switch
    {
        PpoPhase.Rollout => TelemetryPhase.Rollout,
        PpoPhase.Scoring => TelemetryPhase.Scoring,
        PpoPhase.Update => TelemetryPhase.Training,
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, "Not a phase of a step."),
    };

    private void Report() => progress?.Report(
        new PpoProgress { Step = step, Steps = steps, Phase = _phase, Done = _done, Total = _total });

    /// <summary>A phase whose time is being taken.</summary>
    public readonly struct Timing(PpoWork work, long start, Activity? activity) : IDisposable
    {
        public void Dispose()
        {
            work._times[work._phase] = work._times.GetValueOrDefault(work._phase) + work.Elapsed(start);
            activity?.Dispose();
        }
    }

    private TimeSpan Elapsed(long start) => time.GetElapsedTime(start);

    private sealed class Finished(PpoWork work) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value)
        {
            work._done = value.Finished;
            work.Report();
        }
    }
}
