namespace Proximal.Rewards;

/// <summary>The length of a response in tokens: as it is, or how near it comes to a target.</summary>
public sealed class LengthReward : IReward
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "length";

    /// <summary>Makes the reward.</summary>
    /// <param name="target">
    /// At least 1: the score is -|length - target| / target, 0 on the target. <see langword="null"/>: the score is the length.
    /// </param>
    /// <param name="name">The name of its curve.</param>
    public LengthReward(int? target = null, string name = DefaultName)
    {
        if (target is { } tokens)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1, nameof(target));
        }

        RewardRunner.CheckName(name);
        Target = target;
        Name = name;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The length to aim at; <see langword="null"/>: the longer, the better.</summary>
    public int? Target { get; }

    /// <inheritdoc/>
    public ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return ValueTask.FromResult(new RewardResult { Scores = [.. batch.Rows.Select(row => Score(row.ResponseTokens.Length))] });
    }

    private float Score(int length) => Target is { } target ? -Math.Abs(length - target) / (float)target : length;
}
