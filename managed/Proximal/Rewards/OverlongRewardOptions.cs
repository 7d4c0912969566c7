namespace Proximal.Rewards;

/// <summary>DAPO's soft penalty of long responses: 0 up to maximum - buffer tokens, then falling to -factor at the maximum.</summary>
/// <remarks>Options of an <see cref="OverlongReward"/>.</remarks>
public sealed record OverlongRewardOptions : RewardOptions
{
    /// <summary>Tokens from which the whole factor is taken off; at least 1.</summary>
    public required int Maximum { get; init; }

    /// <summary>Tokens before the maximum in which the penalty grows; 1 to the maximum.</summary>
    public required int Buffer { get; init; }

    /// <summary>The largest penalty; at least 0.</summary>
    public double Factor { get; init; } = 1;

    /// <inheritdoc/>
    public override IReward Create(RewardContext context) =>
        new OverlongReward(Maximum, Buffer, Factor, Name ?? OverlongReward.DefaultName);

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        _ = new OverlongReward(Maximum, Buffer, Factor);
    }
}
