namespace Proximal.Rewards;

/// <summary>A reward that the program brings along; a file of options cannot hold one.</summary>
public sealed record DelegateRewardOptions : RewardOptions
{
    /// <summary>The reward.</summary>
    public required IReward Reward { get; init; }

    /// <inheritdoc/>
    public override IReward Create(RewardContext context) => Reward;
}
