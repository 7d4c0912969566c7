using Proximal.Training.Ppo;

namespace Proximal.Evaluation;

/// <summary>What a reward said about the responses of one model.</summary>
/// <param name="Scores">[S] the scores.</param>
/// <param name="Components">[S] each: the named parts.</param>
internal sealed record Scored(double[] Scores, IReadOnlyDictionary<string, double[]> Components)
{
    /// <summary>Of a rollout that was scored: token rewards belong to the score of their response.</summary>
    public static Scored Of(Rollout rollout) => new(
        [.. Enumerable.Range(0, rollout.Sequences).Select(s => rollout.Scores[s] + TokenScore(rollout, s))],
        rollout.Components.ToDictionary(pair => pair.Key, pair => Array.ConvertAll(pair.Value, value => (double)value)));

    private static double TokenScore(Rollout rollout, int sequence) =>
        rollout.TokenScores.Length == 0 ? 0 : rollout.TokenScores[rollout.Response(sequence)].Sum(value => (double)value);
}
