using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Kernels;

/// <summary>Count, mean and sum of squared deviations: sets merge without loss (Chan, Golub and LeVeque 1979).</summary>
/// <param name="Count">How many elements.</param>
/// <param name="Mean">Their mean; 0 without elements.</param>
/// <param name="SquaredDeviations">Sum of (x - mean)².</param>
public readonly record struct Moments(double Count, double Mean, double SquaredDeviations)
{
    /// <summary>The unbiased variance; NaN with fewer than two elements.</summary>
    public double Variance => Count < 2 ? double.NaN : SquaredDeviations / (Count - 1);

    /// <summary>The biased variance; NaN without elements.</summary>
    public double BiasedVariance => SquaredDeviations / Count;

    /// <summary>Root of the unbiased variance.</summary>
    public double StandardDeviation => Math.Sqrt(Variance);

    /// <summary>The moments of both sets together.</summary>
    /// <exception cref="ArgumentException">A count or a sum of squares is negative, or a number is not finite.</exception>
    public unsafe Moments Merge(Moments other)
    {
        px_moments into = ToNative();
        px_moments from = other.ToNative();
        NativeStatus.Check(NativeMethods.px_whiten_merge(&into, &from));
        return FromNative(into);
    }

    internal static Moments FromNative(in px_moments native) => new(native.count, native.mean, native.m2);

    internal px_moments ToNative() => new() { count = Count, mean = Mean, m2 = SquaredDeviations };
}
