namespace Proximal.Rewards;

/// <summary>DAPO's soft penalty of long responses: 0 up to maximum - buffer tokens, then falling to -factor at the maximum.</summary>
/// <remarks>See <see cref="Penalties.Overlong"/>.</remarks>
public sealed class OverlongReward : IReward
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "overlong";

    private readonly int _maximum;
    private readonly int _buffer;
    private readonly double _factor;

    /// <summary>Makes the reward.</summary>
    /// <param name="maximum">Tokens from which the whole factor is taken off; at least 1.</param>
    /// <param name="buffer">Tokens before the maximum in which the penalty grows; 1 to the maximum.</param>
    /// <param name="factor">The largest penalty; at least 0.</param>
    /// <param name="name">The name of its curve.</param>
    public OverlongReward(int maximum, int buffer, double factor = 1, string name = DefaultName)
    {
        Penalties.Overlong(0, maximum, buffer, factor); // refuses what does not fit
        RewardRunner.CheckName(name);
        _maximum = maximum;
        _buffer = buffer;
        _factor = factor;
        Name = name;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        float[] scores =
        [
            .. batch.Rows.Select(row => (float)Penalties.Overlong(row.ResponseTokens.Length, _maximum, _buffer, _factor)),
        ];
        return ValueTask.FromResult(new RewardResult { Scores = scores });
    }
}
