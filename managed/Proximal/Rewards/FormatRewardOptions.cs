namespace Proximal.Rewards;

/// <summary>Whether a response has a form: one score where a regular expression matches, another where it does not.</summary>
/// <remarks>Options of a <see cref="FormatReward"/>.</remarks>
public sealed record FormatRewardOptions : RewardOptions
{
    /// <summary>The regular expression: .NET syntax without lookaround, back-references and atomic groups.</summary>
    public required string Pattern { get; init; }

    /// <summary>The whole response has to match; otherwise any part of it.</summary>
    public bool Full { get; init; }

    /// <summary>The score of a response that matches.</summary>
    public double MatchScore { get; init; } = 1;

    /// <summary>The score of one that does not.</summary>
    public double MissScore { get; init; }

    /// <inheritdoc/>
    public override IReward Create(RewardContext context) =>
        new FormatReward(Pattern, Full, MatchScore, MissScore, Name ?? FormatReward.DefaultName);

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        _ = new FormatReward(Pattern, Full, MatchScore, MissScore);
    }
}
