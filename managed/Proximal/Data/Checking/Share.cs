using Proximal.Evaluation;

namespace Proximal.Data.Checking;

/// <summary>Shares with intervals.</summary>
internal static class Share
{
    /// <summary>A share with Wilson's 95 % interval, which takes trials as independent.</summary>
    public static Estimate Of(double successes, long trials)
    {
        var interval = WilsonInterval.Of(successes, trials);
        return new Estimate(successes / trials, interval.Low, interval.High);
    }
}
