namespace Proximal.Evaluation;

/// <summary>How often a model's response scores higher than the baseline's to the same prompt.</summary>
public static class WinRate
{
    /// <summary>1: the model wins; 0: it loses; 1/2: a tie.</summary>
    /// <param name="model">The score of the model's response.</param>
    /// <param name="baseline">The score of the baseline's.</param>
    public static double Outcome(double model, double baseline) => model > baseline ? 1 : model < baseline ? 0 : 0.5;

    /// <summary>The mean outcome of pairs, ties as half a win; NaN of none.</summary>
    /// <param name="outcomes">As <see cref="Outcome"/> gives them.</param>
    public static double Of(IEnumerable<double> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        double sum = 0;
        int count = 0;
        foreach (double outcome in outcomes)
        {
            sum += outcome;
            count++;
        }

        return sum / count;
    }
}
