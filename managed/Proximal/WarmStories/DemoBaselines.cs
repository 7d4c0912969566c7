using System.Text.RegularExpressions;

namespace Proximal.WarmStories;

/// <summary>How often simple rules prefer the warm story of a pair that they were not made from: what a reward model has to beat, or explain.</summary>
/// <param name="Length">The rule that the longer (or the shorter) story is the warm one, whichever holds more often in training.</param>
/// <param name="BagOfWords">A logistic regression on how often each word occurs.</param>
internal sealed partial record DemoBaselines(double Length, double BagOfWords)
{
    /// <summary>Weight of half the squared weights, as in the usual library's default.</summary>
    private const double Ridge = 1;
    private const int Steps = 400;

    /// <summary>Learns the rules from triples and measures them on others.</summary>
    public static DemoBaselines Measure(IReadOnlyList<DemoTriple> training, IReadOnlyList<DemoTriple> test) =>
        new(ByLength(training, test), ByWords(training, test));

    private static double ByLength(IReadOnlyList<DemoTriple> training, IReadOnlyList<DemoTriple> test)
    {
        double longer = training.Average(Longer);
        double share = test.Average(Longer);
        return longer >= 0.5 ? share : 1 - share;
    }

    /// <summary>1: the warm story has more words; 0: fewer; 1/2: as many.</summary>
    private static double Longer(DemoTriple triple) =>
        Evaluation.WinRate.Outcome(Words(triple.Chosen).Count(), Words(triple.Rejected).Count());

    private static double ByWords(IReadOnlyList<DemoTriple> training, IReadOnlyList<DemoTriple> test)
    {
        Dictionary<string, double>[] differences = [.. training.Select(Difference)];
        Dictionary<string, double> weights = Fit(differences);
        return test.Average(triple =>
            Evaluation.WinRate.Outcome(Difference(triple).Sum(word => word.Value * weights.GetValueOrDefault(word.Key)), 0));
    }

    /// <summary>Gradient ascent on the log-likelihood of "the warm one first" with the step that its curvature allows.</summary>
    private static Dictionary<string, double> Fit(Dictionary<string, double>[] differences)
    {
        double curvature = Ridge + (0.25 * LargestEigenvalue(differences));
        var weights = new Dictionary<string, double>();
        for (int step = 0; step < Steps; step++)
        {
            var gradient = weights.ToDictionary(weight => weight.Key, weight => -Ridge * weight.Value);
            foreach (Dictionary<string, double> difference in differences)
            {
                double missing = 1 / (1 + Math.Exp(difference.Sum(word => word.Value * weights.GetValueOrDefault(word.Key))));
                foreach ((string word, double count) in difference)
                {
                    gradient[word] = gradient.GetValueOrDefault(word) + (missing * count);
                }
            }

            foreach ((string word, double slope) in gradient)
            {
                weights[word] = weights.GetValueOrDefault(word) + (slope / curvature);
            }
        }

        return weights;
    }

    /// <summary>An upper bound of the largest eigenvalue of X'X: the largest row sum of |X X'|.</summary>
    private static double LargestEigenvalue(Dictionary<string, double>[] rows) =>
        rows.Max(row => rows.Sum(other => Math.Abs(row.Sum(word => word.Value * other.GetValueOrDefault(word.Key)))));

    /// <summary>How much more often each word occurs in the warm story.</summary>
    private static Dictionary<string, double> Difference(DemoTriple triple)
    {
        var counts = new Dictionary<string, double>();
        foreach (string word in Words(triple.Chosen))
        {
            counts[word] = counts.GetValueOrDefault(word) + 1;
        }

        foreach (string word in Words(triple.Rejected))
        {
            counts[word] = counts.GetValueOrDefault(word) - 1;
        }

        return counts.Where(word => word.Value != 0).ToDictionary();
    }

    private static IEnumerable<string> Words(string text) => WordPattern().Matches(text).Select(match => match.Value.ToLowerInvariant());

    [GeneratedRegex("[A-Za-z']+")]
    private static partial Regex WordPattern();
}
