namespace Proximal.Evaluation;

/// <summary>Mean, unbiased variance and extremes of numbers; the variance of one number is NaN.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Variance">The unbiased variance.</param>
/// <param name="Minimum">The smallest.</param>
/// <param name="Maximum">The largest.</param>
internal readonly record struct Spread(double Mean, double Variance, double Minimum, double Maximum)
{
    public double Deviation => Math.Sqrt(Variance);

    public static Spread Of(float[] values)
    {
        double mean = values.Sum(value => (double)value) / values.Length;
        double squares = values.Sum(value => (value - mean) * (value - mean));
        return new Spread(mean, squares / (values.Length - 1), values.Min(), values.Max());
    }
}
