using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>What the pairwise reward-model loss saw, as sums over pairs, so that batches and ranks add.</summary>
public readonly record struct BradleyTerryMetrics
{
    /// <summary>Sum of losses, not normalised.</summary>
    public double LossSum { get; init; }

    /// <summary>Pairs counted.</summary>
    public long Pairs { get; init; }

    /// <summary>Pairs whose chosen answer has the higher score.</summary>
    public long Correct { get; init; }

    /// <summary>Sum of chosen minus rejected score.</summary>
    public double MarginSum { get; init; }

    /// <summary>Sum of the scores of both answers.</summary>
    public double ScoreSum { get; init; }

    /// <summary>Share of pairs in the right order; NaN without pairs, as all rates here.</summary>
    public double Accuracy => Correct / (double)Pairs;

    /// <summary>Mean of chosen minus rejected score.</summary>
    public double MeanMargin => MarginSum / Pairs;

    /// <summary>Mean score over both answers.</summary>
    public double MeanScore => ScoreSum / (2.0 * Pairs);

    /// <summary>The metrics of both sets of pairs together.</summary>
    public static BradleyTerryMetrics operator +(BradleyTerryMetrics left, BradleyTerryMetrics right) => new()
    {
        LossSum = left.LossSum + right.LossSum,
        Pairs = left.Pairs + right.Pairs,
        Correct = left.Correct + right.Correct,
        MarginSum = left.MarginSum + right.MarginSum,
        ScoreSum = left.ScoreSum + right.ScoreSum,
    };

    /// <summary>The metrics of both sets of pairs together.</summary>
    public static BradleyTerryMetrics Add(BradleyTerryMetrics left, BradleyTerryMetrics right) => left + right;

    internal static BradleyTerryMetrics FromNative(in px_bradley_terry_metrics native) => new()
    {
        LossSum = native.loss,
        Pairs = native.pairs,
        Correct = native.correct,
        MarginSum = native.margin,
        ScoreSum = native.score,
    };
}
