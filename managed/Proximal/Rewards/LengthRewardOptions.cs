namespace Proximal.Rewards;

/// <summary>The length of a response in tokens: as it is, or how near it comes to a target.</summary>
/// <remarks>Options of a <see cref="LengthReward"/>.</remarks>
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
