namespace Proximal.Evaluation;

/// <summary>A number and its 95 % confidence interval.</summary>
/// <param name="Value">The number.</param>
/// <param name="Low">The lower end of the interval.</param>
/// <param name="High">The upper end of the interval.</param>
public sealed record Estimate(double Value, double Low, double High)
{
    /// <summary>The whole interval lies above a number.</summary>
    /// <param name="number">The number.</param>
    public bool IsAbove(double number) => Low > number;

    /// <summary>The whole interval lies below a number.</summary>
    /// <param name="number">The number.</param>
    public bool IsBelow(double number) => High < number;
}
