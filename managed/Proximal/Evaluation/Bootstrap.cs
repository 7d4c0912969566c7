using Proximal.Internal;

namespace Proximal.Evaluation;

/// <summary>Percentile bootstrap: draws as many prompts as there are, with replacement, and takes the statistic of each draw.</summary>
/// <remarks>
/// The interval goes from the 2.5 % to the 97.5 % quantile of the statistics (linear between neighbours, as NumPy's default).
/// Prompts are drawn, not responses: those of one prompt resemble each other. Efron and Tibshirani 1993, chapter 13.
/// The same seed, number of prompts and resamples: the same draws, so differences are taken within each.
/// </remarks>
public static class Bootstrap
{
    /// <summary>Draws when no other number is asked for.</summary>
    public const int DefaultResamples = 2000;

    private const double Tail = 0.025;

    /// <summary>The mean of numbers, one a prompt.</summary>
    /// <param name="values">Finite numbers, at least one.</param>
    /// <param name="resamples">Draws; at least 1.</param>
    /// <param name="seed">Decides the draws.</param>
    public static Estimate Mean(IReadOnlyList<double> values, int resamples = DefaultResamples, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Of(values.Count, draw => Mean(values, draw), resamples, seed);
    }

    /// <summary>Any statistic of prompts.</summary>
    /// <param name="prompts">How many there are; at least 1.</param>
    /// <param name="statistic">Gets the indices that were drawn. It must not keep the array. NaN: the draw has none, and does not count.</param>
    /// <param name="resamples">Draws; at least 1.</param>
    /// <param name="seed">Decides the draws.</param>
    /// <returns>The statistic of all prompts, each once, with the interval of the draws.</returns>
    public static Estimate Of(int prompts, Func<int[], double> statistic, int resamples = DefaultResamples, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        ArgumentOutOfRangeException.ThrowIfLessThan(prompts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        double value = statistic([.. Enumerable.Range(0, prompts)]);
        var random = new RandomStream(seed, stream: 0);
        int[] draw = new int[prompts];
        var statistics = new List<double>(resamples);
        for (int r = 0; r < resamples; r++)
        {
            for (int i = 0; i < prompts; i++)
            {
                draw[i] = random.Next(prompts);
            }

            double drawn = statistic(draw);
            if (!double.IsNaN(drawn))
            {
                statistics.Add(drawn);
            }
        }

        statistics.Sort();
        return new Estimate(value, Quantile(statistics, Tail), Quantile(statistics, 1 - Tail));
    }

    /// <summary>A quantile of sorted numbers, linear between neighbours; NaN of none.</summary>
    /// <param name="sorted">The numbers, ascending.</param>
    /// <param name="share">0: the smallest, 1: the largest.</param>
    public static double Quantile(IReadOnlyList<double> sorted, double share)
    {
        ArgumentNullException.ThrowIfNull(sorted);
        if (sorted.Count == 0)
        {
            return double.NaN;
        }

        double place = share * (sorted.Count - 1);
        int below = (int)place;
        int above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }

    private static double Mean(IReadOnlyList<double> values, int[] draw)
    {
        double sum = 0;
        foreach (int i in draw)
        {
            sum += values[i];
        }

        return sum / draw.Length;
    }
}
