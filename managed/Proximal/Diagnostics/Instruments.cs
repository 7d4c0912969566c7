using System.Diagnostics.Metrics;

namespace Proximal.Diagnostics;

/// <summary>What the library counts and measures. An instrument that nobody listens to costs a branch.</summary>
/// <remarks>A listener is called within the work that it measures, so it must be quick and must not throw.</remarks>
internal static class Instruments
{
    private static readonly Meter Meter = new(
        ProximalTelemetry.MeterName, typeof(Instruments).Assembly.GetName().Version?.ToString());

    private static readonly Counter<long> TokensSampled = Meter.CreateCounter<long>(
        "proximal.tokens.sampled", "{token}", "Tokens drawn by generators.");

    private static readonly Counter<long> TokensTrained = Meter.CreateCounter<long>(
        "proximal.tokens.trained", "{token}", "Tokens that went forward and backward through a model in training, each model counting.");

    private static readonly Counter<long> OptimizerSteps = Meter.CreateCounter<long>(
        "proximal.optimizer.steps", "{step}", "Updates of a model's weights.");

    private static readonly Histogram<double> StepDuration = Meter.CreateHistogram<double>(
        "proximal.step.duration", "s", "Time of a committed step.");

    private static readonly Histogram<double> PhaseDuration = Meter.CreateHistogram<double>(
        "proximal.phase.duration", "s", "Time of one part of a committed step, of a validation or of a checkpoint.");

    private static readonly Histogram<double> RewardDuration = Meter.CreateHistogram<double>(
        "proximal.reward.duration", "s", "Time that a reward took for a batch, failed ones too.");

    private static readonly Histogram<double> QueueDuration = Meter.CreateHistogram<double>(
        "proximal.generation.queue.duration", "s", "Time from a request to its first token.");

    private static long _active;

    static Instruments()
    {
        Meter.CreateObservableGauge(
            "proximal.generation.active", () => Interlocked.Read(ref _active), "{sequence}", "Requests that are not finished.");
        Meter.CreateObservableGauge(
            "proximal.engine.memory", LiveEngines.Measure, "By", "Native memory of all engines that are not disposed.");
    }

    /// <summary>Somebody wants to know how long requests wait.</summary>
    public static bool MeasuresQueue => QueueDuration.Enabled;

    public static void TokenSampled() => TokensSampled.Add(1);

    public static void Trained(long tokens) => TokensTrained.Add(tokens);

    public static void OptimizerStepped() => OptimizerSteps.Add(1);

    public static void SequenceStarted() => Interlocked.Increment(ref _active);

    public static void SequenceEnded() => Interlocked.Decrement(ref _active);

    public static void Queued(TimeSpan duration) => QueueDuration.Record(duration.TotalSeconds);

    public static void Scored(string reward, TimeSpan duration) =>
        RewardDuration.Record(duration.TotalSeconds, KeyValuePair.Create<string, object?>(ProximalTelemetry.RewardTag, reward));

    public static void Stepped(string stage, double seconds) =>
        StepDuration.Record(seconds, KeyValuePair.Create<string, object?>(ProximalTelemetry.StageTag, stage));

    public static void PhaseEnded(string stage, string phase, double seconds) => PhaseDuration.Record(
        seconds,
        KeyValuePair.Create<string, object?>(ProximalTelemetry.StageTag, stage),
        KeyValuePair.Create<string, object?>(ProximalTelemetry.PhaseTag, phase));
}
