using Proximal.Evaluation;
using Proximal.Rewards;

namespace Proximal.Tests.Golden.Operations;

/// <summary>Overlong and repetition penalties, and distinct n-grams; all in double.</summary>
internal static class PenaltyCases
{
    public static RlOutcome Run(RlCase one) =>
        one.Inputs.ContainsKey("lengths") ? Overlong(one)
        : one.Has("max_penalty") ? Repetition(one)
        : Distinct(one);

    private static RlOutcome Overlong(RlCase one)
    {
        int maximum = (int)one.Number("max_length");
        int buffer = (int)one.Number("buffer");
        double[] penalties =
        [
            .. one.Input("lengths").Ints().Select(length => Penalties.Overlong(length, maximum, buffer, one.Number("factor"))),
        ];
        var outcome = new RlOutcome();
        outcome.Add("penalty", penalties, computedInDouble: true);
        return outcome.Add(
            "reward_at_last_token",
            [.. penalties.Select(penalty => penalty + one.Number("score", absent: 0))],
            computedInDouble: true);
    }

    private static RlOutcome Repetition(RlCase one)
    {
        int n = (int)one.Number("ngram");
        double[] penalties = [.. Sequences(one).Select(tokens => Penalties.Repetition(tokens, n, one.Number("max_penalty")))];
        return new RlOutcome().Add("penalty", penalties, computedInDouble: true);
    }

    private static RlOutcome Distinct(RlCase one)
    {
        int n = (int)one.Number("ngram");
        int[][] sequences = Sequences(one);
        var outcome = new RlOutcome();
        outcome.Add("corpus_distinct", NGramStatistics.Distinct(sequences, n), computedInDouble: true);
        return outcome.Add(
            "distinct", [.. sequences.Select(tokens => NGramStatistics.Distinct(tokens, n))], computedInDouble: true);
    }

    private static int[][] Sequences(RlCase one)
    {
        int[] tokens = one.Input("tokens").Ints();
        int[] offsets = one.Input("offsets").Ints();
        return [.. offsets.Zip(offsets.Skip(1), (start, end) => tokens[start..end])];
    }
}
