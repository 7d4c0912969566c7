namespace Proximal.Training;

/// <summary>Falls with the inverse root of the step: sqrt(timescale / (step + timescale - warm-up)).</summary>
public sealed record InverseSqrtSchedule : LearningRateSchedule
{
    private const long DefaultTimescale = 10_000;

    /// <summary>Makes a schedule.</summary>
    /// <param name="totalSteps">Optimizer steps of the run; at least 0.</param>
    /// <param name="warmupSteps">Of these, steps over which the rate rises.</param>
    /// <param name="timescale">Steps in which the rate falls to 1/sqrt(2); 0: the warm-up's, without warm-up 10,000.</param>
    public InverseSqrtSchedule(long totalSteps, long warmupSteps = 0, long timescale = 0)
        : base(totalSteps, warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(timescale);
        Timescale = timescale > 0 ? timescale : warmupSteps > 0 ? warmupSteps : DefaultTimescale;
    }

    /// <summary>Steps in which the rate falls to 1/sqrt(2).</summary>
    public long Timescale { get; }

    private protected override double AfterWarmup(long step) =>
        1 / Math.Sqrt((step + (double)(Timescale - WarmupSteps)) / Timescale);
}
