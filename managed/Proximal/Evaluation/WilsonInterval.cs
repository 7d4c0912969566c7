namespace Proximal.Evaluation;

/// <summary>A 95 % confidence interval of a share, such as an accuracy.</summary>
/// <param name="Low">The lower end, at least 0.</param>
/// <param name="High">The upper end, at most 1.</param>
/// <remarks>Wilson's score interval (1927): unlike the normal one it stays in [0, 1] and holds for few trials.</remarks>
public readonly record struct WilsonInterval(double Low, double High)
{
    private const double Quantile = 1.959963984540054;

    /// <summary>The interval of a number of successes.</summary>
    /// <param name="successes">At least 0, at most the trials; a tie between two may count as half of one.</param>
    /// <param name="trials">At least 1.</param>
    public static WilsonInterval Of(double successes, long trials)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        double share = successes / trials;
        double z2 = Quantile * Quantile / trials;
        double center = (share + (z2 / 2)) / (1 + z2);
        double half = Quantile * Math.Sqrt(((share * (1 - share)) + (z2 / 4)) / trials) / (1 + z2);
        return new WilsonInterval(Math.Max(0, center - half), Math.Min(1, center + half));
    }
}
