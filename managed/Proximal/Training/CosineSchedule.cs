using Proximal.Internal;

namespace Proximal.Training;

/// <summary>Falls along half a cosine to a share of the rate at the end of the run.</summary>
public sealed record CosineSchedule : LearningRateSchedule
{
    /// <summary>Makes a schedule.</summary>
    /// <param name="totalSteps">Optimizer steps of the run; at least 0.</param>
    /// <param name="warmupSteps">Of these, steps over which the rate rises.</param>
    /// <param name="minRatio">Share of the rate that is left at the end, in [0, 1].</param>
    public CosineSchedule(long totalSteps, long warmupSteps = 0, double minRatio = 0)
        : base(totalSteps, warmupSteps)
    {
        Require.Probability(minRatio, zero: true);
        MinRatio = minRatio;
    }

    /// <summary>Share of the rate that is left at the end.</summary>
    public double MinRatio { get; }

    private protected override double AfterWarmup(long step)
    {
        double cosine = 0.5 * (1 + Math.Cos(Math.PI * Progress(step)));
        return Math.Max(0, (cosine * (1 - MinRatio)) + MinRatio);
    }
}
