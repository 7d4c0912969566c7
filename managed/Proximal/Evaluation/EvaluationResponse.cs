using Proximal.Rollouts;

namespace Proximal.Evaluation;

/// <summary>One response of one model.</summary>
public sealed record EvaluationResponse
{
    /// <summary>The text, without special tokens.</summary>
    public required string Text { get; init; }

    /// <summary>The tokens, a stop token included.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>Why it ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>The reward; <see langword="null"/>: none was given.</summary>
    public double? Score { get; init; }

    /// <summary>The components of the reward.</summary>
    public IReadOnlyDictionary<string, double> Rewards { get; init; } = new Dictionary<string, double>();

    /// <summary>What the judge says; <see langword="null"/>: there is none.</summary>
    public double? JudgeScore { get; init; }

    /// <summary>log p(model) - log p(baseline) of each token, nats; empty for the baseline's responses.</summary>
    public IReadOnlyList<double> LogRatios { get; init; } = [];
}
