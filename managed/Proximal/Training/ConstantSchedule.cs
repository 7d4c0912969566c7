namespace Proximal.Training;

/// <summary>The full rate after the warm-up.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <summary>Makes a schedule.</summary>
    /// <param name="totalSteps">Optimizer steps of the run; at least 0.</param>
    /// <param name="warmupSteps">Of these, steps over which the rate rises.</param>
    public ConstantSchedule(long totalSteps, long warmupSteps = 0)
        : base(totalSteps, warmupSteps)
    {
    }

    private protected override double AfterWarmup(long step) => 1;
}
