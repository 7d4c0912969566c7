namespace Proximal.Evaluation;

/// <summary>The win rate that is left when length is taken out of it.</summary>
/// <remarks>
/// <para>A logistic regression of the outcome y of a pair (1, 0, or 1/2) on its difference d of response lengths, model less
/// baseline, in tokens:</para>
/// <code>P(y = 1) = sigmoid(a + b tanh(d / s)),  s the standard deviation of d</code>
/// <para>The length-controlled win rate is sigmoid(a): that at equal lengths. As in AlpacaEval 2 (Dubois et al. 2024,
/// arXiv 2404.04475), without its term for the difficulty of the instruction, which needs many models at once. The fit
/// is by maximum likelihood with a ridge of 1e-4 on b, which only matters when length alone explains every outcome; a
/// is held within ±30.</para>
/// </remarks>
/// <param name="Intercept">a.</param>
/// <param name="Slope">b: above 0, longer responses win.</param>
public readonly record struct LengthControl(double Intercept, double Slope)
{
    private const double Ridge = 1e-4;
    private const double MostIntercept = 30;
    private const double MostChange = 4;
    private const int MostSteps = 200;
    private const double Tolerance = 1e-10;

    /// <summary>The length-controlled win rate, 0 to 1.</summary>
    public double WinRate => Sigmoid(Intercept);

    /// <summary>Fits the regression.</summary>
    /// <param name="outcomes">1, 0 or 1/2 for each pair; at least one.</param>
    /// <param name="lengthDifferences">Model less baseline, for each pair.</param>
    public static LengthControl Fit(IReadOnlyList<double> outcomes, IReadOnlyList<double> lengthDifferences)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        ArgumentNullException.ThrowIfNull(lengthDifferences);
        if (outcomes.Count == 0 || outcomes.Count != lengthDifferences.Count)
        {
            throw new ArgumentException(
                $"Expected a length difference for each outcome and at least one, got {outcomes.Count} outcomes and {lengthDifferences.Count} differences.",
                nameof(lengthDifferences));
        }

        double[] x = Scaled(lengthDifferences);
        double a = 0;
        double b = 0;
        for (int step = 0; step < MostSteps; step++)
        {
            (double changeA, double changeB) = NewtonStep(outcomes, x, a, b);
            a = Math.Clamp(a + changeA, -MostIntercept, MostIntercept);
            b += changeB;
            if (Math.Abs(changeA) + Math.Abs(changeB) < Tolerance || Math.Abs(a) == MostIntercept)
            {
                break;
            }
        }

        return new LengthControl(a, b);
    }

    /// <summary>tanh(d / s). Where all pairs differ by the same length, length cannot explain anything, and b stays 0.</summary>
    private static double[] Scaled(IReadOnlyList<double> differences)
    {
        double mean = differences.Average();
        double deviation = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / Math.Max(1, differences.Count - 1));
        double scale = deviation > 0 ? deviation : Math.Abs(mean);
        return [.. differences.Select(d => scale > 0 ? Math.Tanh(d / scale) : 0)];
    }

    /// <summary>One step of Newton's method on the penalised log-likelihood, shortened where it would leap.</summary>
    private static (double A, double B) NewtonStep(IReadOnlyList<double> outcomes, double[] x, double a, double b)
    {
        double gradientA = 0;
        double gradientB = -Ridge * b;
        double hessianAA = 0;
        double hessianAB = 0;
        double hessianBB = Ridge;
        for (int i = 0; i < x.Length; i++)
        {
            double p = Sigmoid(a + (b * x[i]));
            double weight = p * (1 - p);
            gradientA += outcomes[i] - p;
            gradientB += (outcomes[i] - p) * x[i];
            hessianAA += weight;
            hessianAB += weight * x[i];
            hessianBB += weight * x[i] * x[i];
        }

        double determinant = (hessianAA * hessianBB) - (hessianAB * hessianAB);
        double changeA = ((hessianBB * gradientA) - (hessianAB * gradientB)) / determinant;
        double changeB = ((hessianAA * gradientB) - (hessianAB * gradientA)) / determinant;
        double largest = Math.Max(Math.Abs(changeA), Math.Abs(changeB));
        double share = !double.IsFinite(largest) ? 0 : largest > MostChange ? MostChange / largest : 1;
        return share == 0 ? (0, 0) : (share * changeA, share * changeB);
    }

    private static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));
}
