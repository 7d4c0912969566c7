using Proximal.Training.Ppo;

namespace Proximal.Evaluation;

/// <summary>Turns numbers of single responses into means with intervals over prompts. Arrays are prompt by prompt, sample by sample.</summary>
/// <param name="prompts">How many prompts.</param>
/// <param name="options">Samples, resamples and the seed.</param>
internal sealed class PairStatistics(int prompts, EvaluationOptions options)
{
    /// <summary>Tokens of each response.</summary>
    public static double[] Lengths(Rollout rollout) =>
        [.. Enumerable.Range(0, rollout.Sequences).Select(s => (double)rollout.ResponseLength(s))];

    /// <summary>The mean of a number of each response.</summary>
    public Estimate Mean(double[] values) => Bootstrap.Mean(PromptMeans(values), options.Resamples, options.Seed);

    /// <summary>Both means and the mean of the differences within pairs.</summary>
    public Comparison Compare(double[] baseline, double[] model) =>
        new(Mean(baseline), Mean(model), Mean([.. model.Zip(baseline, (m, b) => m - b)]));

    /// <summary>All that follows from the scores of one reward.</summary>
    public RewardComparison Rewards(string name, Rollout baselineRollout, Rollout modelRollout, Scored baseline, Scored model)
    {
        double[] outcomes = [.. model.Scores.Zip(baseline.Scores, WinRate.Outcome)];
        double[] lengths = [.. Lengths(modelRollout).Zip(Lengths(baselineRollout), (m, b) => m - b)];
        return new RewardComparison
        {
            Name = name,
            Score = Compare(baseline.Scores, model.Scores),
            WinRate = Mean(outcomes),
            LengthControlledWinRate = Bootstrap.Of(prompts, draw => LengthControlled(draw, outcomes, lengths), options.Resamples, options.Seed),
            Wins = outcomes.Count(outcome => outcome == 1),
            Ties = outcomes.Count(outcome => outcome == 0.5),
            Losses = outcomes.Count(outcome => outcome == 0),
            Components = baseline.Components.ToDictionary(pair => pair.Key, pair => Compare(pair.Value, model.Components[pair.Key])),
        };
    }

    private double LengthControlled(int[] draw, double[] outcomes, double[] lengths)
    {
        int samples = outcomes.Length / prompts;
        double[] drawnOutcomes = new double[draw.Length * samples];
        double[] drawnLengths = new double[draw.Length * samples];
        for (int i = 0; i < draw.Length; i++)
        {
            Array.Copy(outcomes, draw[i] * samples, drawnOutcomes, i * samples, samples);
            Array.Copy(lengths, draw[i] * samples, drawnLengths, i * samples, samples);
        }

        return LengthControl.Fit(drawnOutcomes, drawnLengths).WinRate;
    }

    private double[] PromptMeans(double[] values) => [.. values.Chunk(values.Length / prompts).Select(chunk => chunk.Average())];
}
