using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>What the value loss saw, as sums over tokens whose weight is not 0, so that batches and ranks add.</summary>
public readonly record struct ValueMetrics
{
    /// <summary>Sum of weight times loss, not normalised.</summary>
    public double LossSum { get; init; }

    /// <summary>Tokens counted.</summary>
    public long Tokens { get; init; }

    /// <summary>Tokens whose clipped branch is strictly larger.</summary>
    public long Clipped { get; init; }

    /// <summary>Sum of values.</summary>
    public double ValueSum { get; init; }

    /// <summary>Sum of returns.</summary>
    public double ReturnsSum { get; init; }

    /// <summary>Sum of squared returns.</summary>
    public double ReturnsSquaredSum { get; init; }

    /// <summary>Sum of return minus value.</summary>
    public double ErrorSum { get; init; }

    /// <summary>Sum of the squared difference of return and value.</summary>
    public double ErrorSquaredSum { get; init; }

    /// <summary>Share of tokens whose clipped branch is strictly larger; NaN without tokens, as all rates here.</summary>
    public double ClipFraction => Clipped / (double)Tokens;

    /// <summary>Mean value.</summary>
    public double MeanValue => ValueSum / Tokens;

    /// <summary>Mean return.</summary>
    public double MeanReturn => ReturnsSum / Tokens;

    /// <summary>1 - var(return - value) / var(return): 1 is a perfect critic, 0 one that knows only the mean.</summary>
    public double ExplainedVariance =>
        1 - (Variance(ErrorSum, ErrorSquaredSum) / Variance(ReturnsSum, ReturnsSquaredSum));

    /// <summary>The metrics of both sets of tokens together.</summary>
    public static ValueMetrics operator +(ValueMetrics left, ValueMetrics right) => new()
    {
        LossSum = left.LossSum + right.LossSum,
        Tokens = left.Tokens + right.Tokens,
        Clipped = left.Clipped + right.Clipped,
        ValueSum = left.ValueSum + right.ValueSum,
        ReturnsSum = left.ReturnsSum + right.ReturnsSum,
        ReturnsSquaredSum = left.ReturnsSquaredSum + right.ReturnsSquaredSum,
        ErrorSum = left.ErrorSum + right.ErrorSum,
        ErrorSquaredSum = left.ErrorSquaredSum + right.ErrorSquaredSum,
    };

    /// <summary>The metrics of both sets of tokens together.</summary>
    public static ValueMetrics Add(ValueMetrics left, ValueMetrics right) => left + right;

    internal static ValueMetrics FromNative(in px_value_metrics native) => new()
    {
        LossSum = native.loss,
        Tokens = native.tokens,
        Clipped = native.clipped,
        ValueSum = native.value,
        ReturnsSum = native.returns,
        ReturnsSquaredSum = native.returns_squared,
        ErrorSum = native.error,
        ErrorSquaredSum = native.error_squared,
    };

    private double Variance(double sum, double squaredSum) => (squaredSum / Tokens) - (sum / Tokens * (sum / Tokens));
}
