namespace Proximal.Training;

/// <summary>Falls on a straight line to 0 at the end of the run.</summary>
public sealed record LinearSchedule : LearningRateSchedule
{
    /// <summary>Makes a schedule.</summary>
    /// <param name="totalSteps">Optimizer steps of the run; at least 0.</param>
    /// <param name="warmupSteps">Of these, steps over which the rate rises.</param>
    public LinearSchedule(long totalSteps, long warmupSteps = 0)
        : base(totalSteps, warmupSteps)
    {
    }

    private protected override double AfterWarmup(long step) =>
        Math.Max(0, (TotalSteps - step) / (double)Math.Max(1, TotalSteps - WarmupSteps));
}
