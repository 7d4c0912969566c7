using Proximal.Internal;

namespace Proximal.Training;

/// <summary>Falls with a power of what is left of the run, to a share of the rate.</summary>
public sealed record PolynomialSchedule : LearningRateSchedule
{
    /// <summary>Makes a schedule.</summary>
    /// <param name="totalSteps">Optimizer steps of the run; at least 0.</param>
    /// <param name="warmupSteps">Of these, steps over which the rate rises.</param>
    /// <param name="power">The power, above 0; 1: a straight line.</param>
    /// <param name="endRatio">Share of the rate that is left at the end, in [0, 1].</param>
    public PolynomialSchedule(long totalSteps, long warmupSteps = 0, double power = 1, double endRatio = 0)
        : base(totalSteps, warmupSteps)
    {
        Require.Positive(power);
        Require.Probability(endRatio, zero: true);
        Power = power;
        EndRatio = endRatio;
    }

    /// <summary>The power.</summary>
    public double Power { get; }

    /// <summary>Share of the rate that is left at the end.</summary>
    public double EndRatio { get; }

    private protected override double AfterWarmup(long step) =>
        step >= TotalSteps ? EndRatio : ((1 - EndRatio) * Math.Pow(1 - Progress(step), Power)) + EndRatio;
}
