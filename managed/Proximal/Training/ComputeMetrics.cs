namespace Proximal.Training;

/// <summary>How well a step uses the machine. Runs/METRICS.md says what the curves are.</summary>
internal static class ComputeMetrics
{
    /// <summary>Adds the curves of so many FLOP in so many seconds on an engine.</summary>
    public static void Add(OrderedDictionary<string, double> metrics, double flop, double seconds, Engine engine)
    {
        double rate = flop / seconds / 1e9;
        metrics["time/gflop_per_s"] = rate;
        metrics["time/utilization"] = rate / engine.ProductRate;
    }
}
