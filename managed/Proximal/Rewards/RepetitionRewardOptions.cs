namespace Proximal.Rewards;

/// <summary>Options of a <see cref="RepetitionReward"/>; a negative weight makes it a penalty.</summary>
public sealed record RepetitionRewardOptions : RewardOptions
{
    /// <summary>Tokens of an n-gram; at least 1.</summary>
    public int N { get; init; } = 3;

    /// <inheritdoc/>
    public override IReward Create(RewardContext context) =>
        new RepetitionReward(N, Name ?? RepetitionReward.DefaultName);

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        _ = new RepetitionReward(N);
    }
}
