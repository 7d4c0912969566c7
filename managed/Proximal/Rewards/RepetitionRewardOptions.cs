namespace Proximal.Rewards;

/// <summary>How much a response repeats its own n-grams, in [0, 1); a negative weight makes it a penalty.</summary>
/// <remarks>Options of a <see cref="RepetitionReward"/>.</remarks>
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
