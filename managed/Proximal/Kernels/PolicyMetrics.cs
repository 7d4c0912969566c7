using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>What the policy loss saw, as sums over tokens whose weight is not 0, so that batches and ranks add.</summary>
public readonly record struct PolicyMetrics
{
    /// <summary>Sum of weight times policy loss, without the KL term and not normalised.</summary>
    public double LossSum { get; init; }

    /// <summary>Sum of weight times the KL estimate, without its coefficient.</summary>
    public double KlLossSum { get; init; }

    /// <summary>Tokens counted.</summary>
    public long Tokens { get; init; }

    /// <summary>Tokens whose clipped branch is strictly larger.</summary>
    public long Clipped { get; init; }

    /// <summary>Tokens with a ratio below 1 - clip low and a negative advantage.</summary>
    public long ClippedLow { get; init; }

    /// <summary>Tokens with a ratio above 1 + clip high and a positive advantage.</summary>
    public long ClippedHigh { get; init; }

    /// <summary>Tokens on which the dual clip strictly acts.</summary>
    public long DualClipped { get; init; }

    /// <summary>Sum of half the squared log-ratio.</summary>
    public double ApproxKlSum { get; init; }

    /// <summary>Sum of old minus new log-prob.</summary>
    public double ApproxKlK1Sum { get; init; }

    /// <summary>Sum of ratio - 1 - log ratio.</summary>
    public double ApproxKlK3Sum { get; init; }

    /// <summary>Sum of ratios.</summary>
    public double RatioSum { get; init; }

    /// <summary>Sum of squared ratios.</summary>
    public double RatioSquaredSum { get; init; }

    /// <summary>The smallest ratio; without meaning when there are no tokens.</summary>
    public double RatioMin { get; init; }

    /// <summary>The largest ratio; without meaning when there are no tokens.</summary>
    public double RatioMax { get; init; }

    /// <summary>Share of tokens whose clipped branch is strictly larger; NaN without tokens, as all rates here.</summary>
    public double ClipFraction => Clipped / (double)Tokens;

    /// <summary>Share of tokens clipped from below.</summary>
    public double ClipFractionLow => ClippedLow / (double)Tokens;

    /// <summary>Share of tokens clipped from above.</summary>
    public double ClipFractionHigh => ClippedHigh / (double)Tokens;

    /// <summary>Share of tokens on which the dual clip acts.</summary>
    public double DualClipFraction => DualClipped / (double)Tokens;

    /// <summary>Mean of half the squared log-ratio: the approximate KL of the update, in nats a token.</summary>
    public double ApproxKl => ApproxKlSum / Tokens;

    /// <summary>Mean of old minus new log-prob, in nats a token.</summary>
    public double ApproxKlK1 => ApproxKlK1Sum / Tokens;

    /// <summary>Mean of ratio - 1 - log ratio, in nats a token.</summary>
    public double ApproxKlK3 => ApproxKlK3Sum / Tokens;

    /// <summary>Mean ratio.</summary>
    public double MeanRatio => RatioSum / Tokens;

    /// <summary>Biased variance of the ratio.</summary>
    public double RatioVariance => Math.Max(0, (RatioSquaredSum / Tokens) - (MeanRatio * MeanRatio));

    /// <summary>The metrics of both sets of tokens together.</summary>
    public static PolicyMetrics operator +(PolicyMetrics left, PolicyMetrics right)
    {
        if (left.Tokens == 0)
        {
            return right;
        }

        return right.Tokens == 0 ? left : new PolicyMetrics
        {
            LossSum = left.LossSum + right.LossSum,
            KlLossSum = left.KlLossSum + right.KlLossSum,
            Tokens = left.Tokens + right.Tokens,
            Clipped = left.Clipped + right.Clipped,
            ClippedLow = left.ClippedLow + right.ClippedLow,
            ClippedHigh = left.ClippedHigh + right.ClippedHigh,
            DualClipped = left.DualClipped + right.DualClipped,
            ApproxKlSum = left.ApproxKlSum + right.ApproxKlSum,
            ApproxKlK1Sum = left.ApproxKlK1Sum + right.ApproxKlK1Sum,
            ApproxKlK3Sum = left.ApproxKlK3Sum + right.ApproxKlK3Sum,
            RatioSum = left.RatioSum + right.RatioSum,
            RatioSquaredSum = left.RatioSquaredSum + right.RatioSquaredSum,
            RatioMin = Math.Min(left.RatioMin, right.RatioMin),
            RatioMax = Math.Max(left.RatioMax, right.RatioMax),
        };
    }

    /// <summary>The metrics of both sets of tokens together.</summary>
    public static PolicyMetrics Add(PolicyMetrics left, PolicyMetrics right) => left + right;

    internal static PolicyMetrics FromNative(in px_policy_metrics native) => new()
    {
        LossSum = native.loss,
        KlLossSum = native.kl_loss,
        Tokens = native.tokens,
        Clipped = native.clipped,
        ClippedLow = native.clipped_low,
        ClippedHigh = native.clipped_high,
        DualClipped = native.dual_clipped,
        ApproxKlSum = native.approx_kl,
        ApproxKlK1Sum = native.approx_kl_k1,
        ApproxKlK3Sum = native.approx_kl_k3,
        RatioSum = native.ratio,
        RatioSquaredSum = native.ratio_squared,
        RatioMin = native.ratio_min,
        RatioMax = native.ratio_max,
    };
}
