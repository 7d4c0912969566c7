using Proximal.Internal;

namespace Proximal.Training;

/// <summary>How the learning rate moves over a run's optimizer steps: a factor that the highest rate is multiplied with.</summary>
/// <remarks>The shapes are those of transformers; all rise linearly over the warm-up.</remarks>
public abstract record LearningRateSchedule
{
    private protected LearningRateSchedule(long totalSteps, long warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(totalSteps);
        ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(warmupSteps, totalSteps);
        TotalSteps = totalSteps;
        WarmupSteps = warmupSteps;
    }

    /// <summary>Optimizer steps of the run.</summary>
    public long TotalSteps { get; }

    /// <summary>Optimizer steps over which the rate rises.</summary>
    public long WarmupSteps { get; }

    /// <summary>Warm-up steps that a share of the run comes to: rounded up.</summary>
    /// <param name="fraction">In [0, 1].</param>
    /// <param name="totalSteps">Optimizer steps of the run; at least 0.</param>
    public static long WarmupStepsOf(double fraction, long totalSteps)
    {
        Require.Probability(fraction, zero: true);
        ArgumentOutOfRangeException.ThrowIfNegative(totalSteps);

        // 0.07 · 100 is 7.000000000000001: a rounding error must not cost a step.
        double steps = Math.Ceiling((fraction * totalSteps) - 1e-9);
        return Math.Clamp((long)steps, 0, totalSteps);
    }

    /// <summary>The factor of optimizer step k = 0, 1, ...: lambda(k + 1) when there is a warm-up, so that the first update
    /// is not a no-op, else lambda(k).</summary>
    /// <param name="step">k, at least 0.</param>
    public double Factor(long step) => Lambda(WarmupSteps > 0 ? step + 1 : step);

    /// <summary>The factor after k steps as transformers counts: 0 at k = 0 when there is a warm-up.</summary>
    /// <param name="step">k, at least 0.</param>
    public double Lambda(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return step < WarmupSteps ? step / (double)WarmupSteps : AfterWarmup(step);
    }

    /// <summary>The factor from the end of the warm-up on.</summary>
    private protected abstract double AfterWarmup(long step);

    /// <summary>How much of the way from the end of the warm-up to the end of the run is done.</summary>
    private protected double Progress(long step) => (step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps);
}
