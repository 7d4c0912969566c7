using Proximal.Configuration;

namespace Proximal.Rewards;

/// <summary>The sum of a lexicon's values over the words of a response.</summary>
/// <remarks>Options of a <see cref="LexiconReward"/>.</remarks>
public sealed record LexiconRewardOptions : RewardOptions
{
    /// <summary>The lexicon, one <c>word TAB value</c> a line; <see langword="null"/>: the one within the library.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public string? Path { get; init; }

    /// <summary>Also counts entries of several words, of which the library's own has none.</summary>
    /// <remarks>See <see cref="LexiconReward"/>.</remarks>
    public bool Phrases { get; init; }

    /// <inheritdoc/>
    public override IReward Create(RewardContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        string name = Name ?? LexiconReward.DefaultName;
        return Path is null ? LexiconReward.Embedded(name) : LexiconReward.Load(context.Resolve(Path), Phrases, name);
    }
}
