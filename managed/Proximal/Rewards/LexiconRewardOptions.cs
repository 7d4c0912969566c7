using Proximal.Configuration;

namespace Proximal.Rewards;

/// <summary>Options of a <see cref="LexiconReward"/>.</summary>
public sealed record LexiconRewardOptions : RewardOptions
{
    /// <summary>The lexicon, one <c>word TAB value</c> a line.</summary>
    [ConfigurationPath]
    public required string Path { get; init; }

    /// <summary>Also counts entries of several words; see <see cref="LexiconReward"/>.</summary>
    public bool Phrases { get; init; }

    /// <inheritdoc/>
    public override IReward Create(RewardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return LexiconReward.Load(context.Resolve(Path), Phrases, Name ?? LexiconReward.DefaultName);
    }
}
