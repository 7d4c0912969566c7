using Proximal.Evaluation;

namespace Proximal.Reports;

/// <summary>Which pairs a report shows.</summary>
internal static class PairChoice
{
    /// <summary>Pairs from the first prompt to the last at even distances, whatever their scores.</summary>
    public static IReadOnlyList<EvaluationPair> Even(IReadOnlyList<EvaluationPair> pairs, int count)
    {
        EvaluationPair[] first = [.. pairs.Where(pair => pair.Sample == 0)];
        return first.Length <= count ? first : [.. Enumerable.Range(0, count).Select(i => first[(int)((long)i * first.Length / count)])];
    }

    /// <summary>The pairs with the largest gain in reward first; empty without a reward.</summary>
    public static IReadOnlyList<EvaluationPair> Best(IReadOnlyList<EvaluationPair> pairs, int count) =>
        [.. Sorted(pairs).Take(count)];

    /// <summary>The pairs with the largest loss in reward first; empty without a reward.</summary>
    public static IReadOnlyList<EvaluationPair> Worst(IReadOnlyList<EvaluationPair> pairs, int count) =>
        [.. Sorted(pairs).Reverse().Take(count)];

    private static IEnumerable<EvaluationPair> Sorted(IReadOnlyList<EvaluationPair> pairs) => pairs
        .Where(pair => pair.Baseline.Score is not null && pair.Model.Score is not null)
        .OrderByDescending(pair => pair.Model.Score - pair.Baseline.Score);
}
