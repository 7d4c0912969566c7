using Proximal.Internal;

namespace Proximal.Training;

/// <summary>Warm-up, a stretch at the full rate, then half a cosine down to a share of the rate.</summary>
public sealed record WarmupStableDecaySchedule : LearningRateSchedule
{
    /// <summary>Makes a schedule.</summary>
    /// <param name="totalSteps">Optimizer steps of the run; at least 0.</param>
    /// <param name="warmupSteps">Of these, steps over which the rate rises.</param>
    /// <param name="decaySteps">Steps at the end over which it falls, at most all; where both overlap the warm-up counts.</param>
    /// <param name="minRatio">Share of the rate that is left at the end, in [0, 1].</param>
    public WarmupStableDecaySchedule(long totalSteps, long warmupSteps, long decaySteps, double minRatio = 0)
        : base(totalSteps, warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decaySteps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(decaySteps, totalSteps);
        Require.Probability(minRatio, zero: true);
        DecaySteps = decaySteps;
        MinRatio = minRatio;
    }

    /// <summary>Steps at the end over which the rate falls.</summary>
    public long DecaySteps { get; }

    /// <summary>Share of the rate that is left at the end.</summary>
    public double MinRatio { get; }

    private protected override double AfterWarmup(long step)
    {
        long begin = TotalSteps - DecaySteps;
        if (step < begin)
        {
            return 1;
        }

        if (step >= TotalSteps)
        {
            return MinRatio;
        }

        double cosine = 0.5 * (1 + Math.Cos(Math.PI * (step - begin) / DecaySteps));
        return (cosine * (1 - MinRatio)) + MinRatio;
    }
}
