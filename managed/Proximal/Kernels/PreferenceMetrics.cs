using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>
/// What a preference loss saw, as sums, so that batches and ranks add. Chosen answers are also the desirable ones, rejected
/// the others; a reward is beta times an answer's log-ratio.
/// </summary>
public readonly record struct PreferenceMetrics
{
    /// <summary>Sum of losses, not normalised.</summary>
    public double LossSum { get; init; }

    /// <summary>Losses: pairs, or single answers.</summary>
    public long Losses { get; init; }

    /// <summary>Pairs whose chosen answer has the higher reward.</summary>
    public long Correct { get; init; }

    /// <summary>Chosen answers.</summary>
    public long Chosen { get; init; }

    /// <summary>Rejected answers.</summary>
    public long Rejected { get; init; }

    /// <summary>Sum of rewards of chosen answers.</summary>
    public double ChosenRewardSum { get; init; }

    /// <summary>Sum of rewards of rejected answers.</summary>
    public double RejectedRewardSum { get; init; }

    /// <summary>Sum of log-probs of chosen answers, nats.</summary>
    public double ChosenLogProbSum { get; init; }

    /// <summary>Sum of log-probs of rejected answers, nats.</summary>
    public double RejectedLogProbSum { get; init; }

    /// <summary>Share of pairs in the right order; NaN without any, as all rates here.</summary>
    public double Accuracy => Correct / (double)Losses;

    /// <summary>Mean reward of chosen answers.</summary>
    public double MeanChosenReward => ChosenRewardSum / Chosen;

    /// <summary>Mean reward of rejected answers.</summary>
    public double MeanRejectedReward => RejectedRewardSum / Rejected;

    /// <summary>Mean reward of chosen minus that of rejected answers.</summary>
    public double MeanMargin => MeanChosenReward - MeanRejectedReward;

    /// <summary>Mean log-prob of a chosen answer.</summary>
    public double MeanChosenLogProb => ChosenLogProbSum / Chosen;

    /// <summary>Mean log-prob of a rejected answer.</summary>
    public double MeanRejectedLogProb => RejectedLogProbSum / Rejected;

    /// <summary>The metrics of both sets together.</summary>
    public static PreferenceMetrics operator +(PreferenceMetrics left, PreferenceMetrics right) => new()
    {
        LossSum = left.LossSum + right.LossSum,
        Losses = left.Losses + right.Losses,
        Correct = left.Correct + right.Correct,
        Chosen = left.Chosen + right.Chosen,
        Rejected = left.Rejected + right.Rejected,
        ChosenRewardSum = left.ChosenRewardSum + right.ChosenRewardSum,
        RejectedRewardSum = left.RejectedRewardSum + right.RejectedRewardSum,
        ChosenLogProbSum = left.ChosenLogProbSum + right.ChosenLogProbSum,
        RejectedLogProbSum = left.RejectedLogProbSum + right.RejectedLogProbSum,
    };

    /// <summary>The metrics of both sets together.</summary>
    public static PreferenceMetrics Add(PreferenceMetrics left, PreferenceMetrics right) => left + right;

    internal static PreferenceMetrics FromNative(in px_preference_metrics native) => new()
    {
        LossSum = native.loss,
        Losses = native.losses,
        Correct = native.correct,
        Chosen = native.chosen,
        Rejected = native.rejected,
        ChosenRewardSum = native.reward_chosen,
        RejectedRewardSum = native.reward_rejected,
        ChosenLogProbSum = native.logprob_chosen,
        RejectedLogProbSum = native.logprob_rejected,
    };
}
