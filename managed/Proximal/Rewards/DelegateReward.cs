namespace Proximal.Rewards;

/// <summary>A reward written as a function.</summary>
public sealed class DelegateReward : IReward
{
    private readonly Func<RewardBatch, CancellationToken, ValueTask<RewardResult>> _score;

    /// <summary>A reward that looks at whole batches.</summary>
    /// <param name="name">The name of its curve.</param>
    /// <param name="score">Scores a batch.</param>
    public DelegateReward(string name, Func<RewardBatch, CancellationToken, ValueTask<RewardResult>> score)
    {
        RewardRunner.CheckName(name);
        ArgumentNullException.ThrowIfNull(score);
        Name = name;
        _score = score;
    }

    /// <summary>A reward that looks at one response at a time.</summary>
    /// <param name="name">The name of its curve.</param>
    /// <param name="score">Scores a response.</param>
    public DelegateReward(string name, Func<RewardRow, double> score)
        : this(name, RowByRow(name, score))
    {
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default) =>
        _score(batch, cancellationToken);

    /// <summary>A dense reward, which rewards single tokens of one response at a time; the response's own score is 0.</summary>
    /// <param name="name">The name of its curve.</param>
    /// <param name="score">The rewards of a response's tokens, one each.</param>
    /// <returns>The reward; its component <c>tokens</c> is the sum over a response.</returns>
    public static DelegateReward OfTokens(string name, Func<RewardRow, IReadOnlyList<float>> score)
    {
        ArgumentNullException.ThrowIfNull(score);
        return new DelegateReward(name, (batch, cancellationToken) =>
        {
            float[] rewards = new float[batch.ResponseTokenCount];
            float[] sums = new float[batch.Count];
            for (int row = 0; row < batch.Count; row++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                IReadOnlyList<float> tokens = TokensOf(name, score, batch, row);
                for (int i = 0; i < tokens.Count; i++)
                {
                    rewards[batch.ResponseOffsets[row] + i] = tokens[i];
                }

                sums[row] = tokens.Sum();
            }

            return ValueTask.FromResult(new RewardResult
            {
                Scores = new float[batch.Count],
                TokenRewards = rewards,
                Components = new Dictionary<string, float[]> { ["tokens"] = sums },
            });
        });
    }

    private static IReadOnlyList<float> TokensOf(
        string name, Func<RewardRow, IReadOnlyList<float>> score, RewardBatch batch, int row)
    {
        IReadOnlyList<float> tokens = score(batch.Rows[row]);
        int expected = batch.Rows[row].ResponseTokens.Length;
        return tokens?.Count == expected
            ? tokens
            : throw new RewardException(
                name,
                row,
                $"The reward '{name}' returned {tokens?.Count ?? 0} token rewards for the {expected} tokens of "
                + $"{RewardRunner.Describe(batch, row)}: it must return one for each.");
    }

    private static Func<RewardBatch, CancellationToken, ValueTask<RewardResult>> RowByRow(
        string name, Func<RewardRow, double> score)
    {
        ArgumentNullException.ThrowIfNull(score);
        return (batch, cancellationToken) =>
        {
            float[] scores = new float[batch.Count];
            for (int row = 0; row < scores.Length; row++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                scores[row] = ScoreRow(name, score, batch, row, cancellationToken);
            }

            return ValueTask.FromResult(new RewardResult { Scores = scores });
        };
    }

    private static float ScoreRow(
        string name, Func<RewardRow, double> score, RewardBatch batch, int row, CancellationToken cancellationToken)
    {
        try
        {
            return (float)score(batch.Rows[row]);
        }
        catch (Exception exception) when (
            exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new RewardException(
                name,
                row,
                $"The reward '{name}' failed on {RewardRunner.Describe(batch, row)}: "
                + $"{exception.GetType().Name}: {exception.Message}",
                exception);
        }
    }
}
