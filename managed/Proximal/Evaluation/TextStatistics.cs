namespace Proximal.Evaluation;

/// <summary>How varied and how repetitive the responses of one model are, by n-grams of tokens, see <see cref="NGramStatistics"/>.</summary>
/// <param name="Distinct1">Unique over all tokens.</param>
/// <param name="Distinct2">Unique over all 2-grams.</param>
/// <param name="Distinct3">Unique over all 3-grams.</param>
/// <param name="Repetition">Mean over responses of 1 - unique / all 3-grams.</param>
public sealed record TextStatistics(double Distinct1, double Distinct2, double Distinct3, double Repetition)
{
    private const int RepetitionGram = 3;

    /// <summary>The statistics of responses.</summary>
    /// <param name="responses">Their tokens, stop tokens included.</param>
    public static TextStatistics Of(IReadOnlyList<int[]> responses) => new(
        NGramStatistics.Distinct(responses, 1),
        NGramStatistics.Distinct(responses, 2),
        NGramStatistics.Distinct(responses, 3),
        NGramStatistics.MeanRepetition(responses, RepetitionGram));
}
