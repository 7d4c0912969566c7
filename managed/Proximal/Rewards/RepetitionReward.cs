using Proximal.Evaluation;

namespace Proximal.Rewards;

/// <summary>How much a response repeats itself: 1 - unique / all n-grams of its tokens, in [0, 1); 0 for fewer than n tokens.</summary>
/// <remarks>Give it a negative weight in a mixture: the score grows with repetition.</remarks>
public sealed class RepetitionReward : IReward
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "repetition";

    /// <summary>Makes the reward.</summary>
    /// <param name="n">Tokens of an n-gram, at least 1.</param>
    /// <param name="name">The name of its curve.</param>
    public RepetitionReward(int n = 3, string name = DefaultName)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        RewardRunner.CheckName(name);
        N = n;
        Name = name;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Tokens of an n-gram.</summary>
    public int N { get; }

    /// <inheritdoc/>
    public ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        float[] scores = [.. batch.Rows.Select(row => (float)NGramStatistics.Repetition(row.ResponseTokens, N))];
        return ValueTask.FromResult(new RewardResult { Scores = scores });
    }
}
