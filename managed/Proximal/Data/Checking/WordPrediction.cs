namespace Proximal.Data.Checking;

/// <summary>Finds how well words alone tell which answer was chosen, and which words do.</summary>
internal sealed class WordPrediction
{
    private const int Folds = 5;
    private const int MostWords = 10;
    private const double Nothing = 1e-9;

    // NUMERICS: of 1, 10 and 30 the one that predicts held-out pairs of known data best or nearly so: a weak rule would hide what words tell.
    private const double Ridge = 10;

    private readonly WordIndex _words;
    private readonly (SampledRow Row, WordDifference Difference)[] _pairs;

    public WordPrediction(IEnumerable<SampledRow> rows, WordIndex words)
    {
        _words = words;
        _pairs = [.. rows.Where(row => !row.IsIdentical).Select(row => (row, WordDifference.Of(row.Words[1], row.Words[2])))];
    }

    /// <summary>The accuracy from one split to another where there are two, and over folds by prompt.</summary>
    public IReadOnlyList<WordRule> Rules() => [.. new[] { FromSplitToSplit(), OverFolds() }.OfType<WordRule>()];

    /// <summary>The words that speak most for (1) or against (-1) an answer.</summary>
    public (IReadOnlyList<string> Chosen, IReadOnlyList<string> Rejected) Telling()
    {
        double[] weights = Fit(_pairs);
        return (Strongest(weights, 1), Strongest(weights, -1));
    }

    private WordRule? FromSplitToSplit()
    {
        string[] splits = [.. _pairs.GroupBy(pair => pair.Row.Split).Where(split => split.Key is not null).OrderByDescending(split => split.Count()).Select(split => split.Key!)];
        string? train = Named(splits, "train", "training") ?? splits.FirstOrDefault();
        string[] others = [.. splits.Where(split => split != train)];
        string? test = Named(others, "test", "testing") ?? others.FirstOrDefault();
        if (train is null || test is null)
        {
            return null;
        }

        double[] weights = Fit(_pairs.Where(pair => pair.Row.Split == train));
        (SampledRow Row, WordDifference Difference)[] tested = [.. _pairs.Where(pair => pair.Row.Split == test)];
        return new WordRule(test, train, tested.Length, Share.Of(Right(tested, weights), tested.Length));
    }

    private WordRule? OverFolds()
    {
        var folds = _pairs.GroupBy(pair => pair.Row.Prompt % Folds).ToList();
        return folds.Count < 2 ? null : new WordRule(
            null, null, _pairs.Length, Share.Of(folds.Sum(fold => Right(fold, Fit(_pairs.Where(pair => pair.Row.Prompt % Folds != fold.Key)))), _pairs.Length));
    }

    /// <summary>The share of pairs that the words of others predict.</summary>
    public static double Accuracy(IReadOnlyList<WordDifference> training, IReadOnlyCollection<WordDifference> test, int words) =>
        Right(test, WordRegression.Fit(training, words, Ridge)) / test.Count;

    private double[] Fit(IEnumerable<(SampledRow Row, WordDifference Difference)> pairs) =>
        WordRegression.Fit([.. pairs.Select(pair => pair.Difference)], _words.Count, Ridge);

    private static double Right(IEnumerable<(SampledRow Row, WordDifference Difference)> pairs, double[] weights) =>
        Right(pairs.Select(pair => pair.Difference), weights);

    private string[] Strongest(double[] weights, int sign) =>
    [
        .. weights.Select((weight, word) => (Weight: sign * weight, Word: _words[word]))
            .Where(entry => entry.Weight > Nothing)
            .OrderByDescending(entry => entry.Weight)
            .ThenBy(entry => entry.Word, StringComparer.Ordinal)
            .Take(MostWords)
            .Select(entry => entry.Word),
    ];

    private static double Right(IEnumerable<WordDifference> pairs, double[] weights) => pairs.Sum(pair =>
        pair.Dot(weights) switch
        {
            > Nothing => 1,
            < -Nothing => 0,
            _ => 0.5,
        });

    private static string? Named(string[] splits, params string[] names) =>
        splits.FirstOrDefault(split => names.Contains(split, StringComparer.OrdinalIgnoreCase));
}
