namespace Proximal.Rewards;

/// <summary>What a reward says about a batch of S responses with N tokens.</summary>
public sealed record RewardResult
{
    /// <summary>[S] the scores.</summary>
    public required float[] Scores { get; init; }

    /// <summary>[S] each: named parts of the score; every one is a curve <c>reward/NAME</c>. Not added to the score.</summary>
    public IReadOnlyDictionary<string, float[]> Components { get; init; } = new Dictionary<string, float[]>();

    /// <summary>[N] rewards of single tokens, packed as <see cref="RewardBatch"/> says, added to the score's; <see langword="null"/>: none.</summary>
    public float[]? TokenRewards { get; init; }
}
