namespace Proximal.Rewards;

/// <summary>Whether a response comes to the answer that its prompt's row holds.</summary>
/// <remarks>Options of an <see cref="ExactAnswerReward"/>.</remarks>
public sealed record ExactAnswerRewardOptions : RewardOptions
{
    /// <summary>The field of the prompt's row that holds the answer (within another one: <c>reward_model.ground_truth</c>); what follows <c>####</c> in it, where that is there.</summary>
    public string Field { get; init; } = ExactAnswerReward.DefaultField;

    /// <summary>
    /// A regular expression whose last match is the response's answer: its first group, or all of it. <see langword="null"/>:
    /// what follows the last <c>####</c>, or else the last number.
    /// </summary>
    public string? Pattern { get; init; }

    /// <summary>The score of the right answer.</summary>
    public double MatchScore { get; init; } = 1;

    /// <summary>The score of another answer, and of none.</summary>
    public double MissScore { get; init; }

    /// <inheritdoc/>
    public override IReward Create(RewardContext context) =>
        new ExactAnswerReward(Field, Pattern, MatchScore, MissScore, Name ?? ExactAnswerReward.DefaultName);

    /// <inheritdoc/>
    internal override void Validate()
    {
        base.Validate();
        _ = new ExactAnswerReward(Field, Pattern, MatchScore, MissScore);
    }
}
