using Proximal.Data.Checking;

namespace Proximal.WarmStories;

/// <summary>How often simple rules prefer the warm story of a pair that they were not made from: what a reward model has to beat, or explain.</summary>
/// <param name="Length">The rule that the longer (or the shorter) story is the warm one, whichever holds more often in training.</param>
/// <param name="BagOfWords">A logistic regression on how often each word occurs, as `proximal data check` makes it.</param>
internal sealed record DemoBaselines(double Length, double BagOfWords)
{
    /// <summary>Learns the rules from triples and measures them on others.</summary>
    public static DemoBaselines Measure(IReadOnlyList<DemoTriple> training, IReadOnlyList<DemoTriple> test)
    {
        var words = new WordIndex();
        (int[] Chosen, int[] Rejected)[] learned = [.. training.Select(triple => (words.Of(triple.Chosen), words.Of(triple.Rejected)))];
        (int[] Chosen, int[] Rejected)[] tested = [.. test.Select(triple => (words.Of(triple.Chosen), words.Of(triple.Rejected)))];
        return new DemoBaselines(
            ByLength(learned, tested), WordPrediction.Accuracy([.. learned.Select(Difference)], [.. tested.Select(Difference)], words.Count));
    }

    private static double ByLength((int[] Chosen, int[] Rejected)[] training, (int[] Chosen, int[] Rejected)[] test)
    {
        double share = test.Average(Longer);
        return training.Average(Longer) >= 0.5 ? share : 1 - share;
    }

    /// <summary>1: the warm story has more words; 0: fewer; 1/2: as many.</summary>
    private static double Longer((int[] Chosen, int[] Rejected) pair) => Evaluation.WinRate.Outcome(pair.Chosen.Length, pair.Rejected.Length);

    private static WordDifference Difference((int[] Chosen, int[] Rejected) pair) => WordDifference.Of(pair.Chosen, pair.Rejected);
}
