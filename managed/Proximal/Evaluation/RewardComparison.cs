namespace Proximal.Evaluation;

/// <summary>What one reward says about two models.</summary>
public sealed record RewardComparison
{
    /// <summary>The reward's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its mean over prompts.</summary>
    public required Comparison Score { get; init; }

    /// <summary>Share of pairs that the model wins, ties as halves.</summary>
    public required Estimate WinRate { get; init; }

    /// <summary>The same with length taken out, see <see cref="LengthControl"/>.</summary>
    public required Estimate LengthControlledWinRate { get; init; }

    /// <summary>Pairs that the model wins.</summary>
    public required int Wins { get; init; }

    /// <summary>Pairs with equal scores.</summary>
    public required int Ties { get; init; }

    /// <summary>Pairs that the baseline wins.</summary>
    public required int Losses { get; init; }

    /// <summary>The mean of each component.</summary>
    public IReadOnlyDictionary<string, Comparison> Components { get; init; } = new Dictionary<string, Comparison>();
}
