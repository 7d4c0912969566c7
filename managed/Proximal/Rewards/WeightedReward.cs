namespace Proximal.Rewards;

/// <summary>One part of a <see cref="MixtureReward"/>.</summary>
/// <param name="Reward">The reward.</param>
/// <param name="Weight">Multiplies its score and its token rewards; finite.</param>
public sealed record WeightedReward(IReward Reward, double Weight = 1);
