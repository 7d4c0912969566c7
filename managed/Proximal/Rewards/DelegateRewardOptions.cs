using System.Text.Json.Serialization;

namespace Proximal.Rewards;

/// <summary>A reward that the program brings along; a file of options cannot hold one.</summary>
public sealed record DelegateRewardOptions : RewardOptions
{
    /// <summary>The reward.</summary>
    [JsonIgnore]
    public IReward? Reward { get; init; }

    /// <inheritdoc/>
    public override IReward Create(Func<string, string> resolve)
    {
        return Reward ?? throw new ArgumentException(
            "A reward of type delegate needs its Reward set by the program; in a file use another type.");
    }
}
