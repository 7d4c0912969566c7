namespace Proximal.Rewards;

/// <summary>Options of a <see cref="LengthReward"/>.</summary>
public sealed record LengthRewardOptions : RewardOptions
{
    /// <summary>The length to aim at, at least 1; <see langword="null"/>: the score is the length itself.</summary>
    public int? Target { get; init; }

    /// <inheritdoc/>
    public override IReward Create(RewardContext context) =>
        new LengthReward(Target, Name ?? LengthReward.DefaultName);

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        _ = new LengthReward(Target);
    }
}
