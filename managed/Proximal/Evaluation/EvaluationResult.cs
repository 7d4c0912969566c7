namespace Proximal.Evaluation;

/// <summary>Two models on the same prompts. Every interval is 95 %, over prompts, see <see cref="Bootstrap"/>.</summary>
public sealed record EvaluationResult
{
    /// <summary>How many prompts.</summary>
    public required int Prompts { get; init; }

    /// <summary>Responses of each model to each.</summary>
    public required int Samples { get; init; }

    /// <summary>The reward; <see langword="null"/>: none was given.</summary>
    public RewardComparison? Reward { get; init; }

    /// <summary>A second opinion; <see langword="null"/>: none was given.</summary>
    public RewardComparison? Judge { get; init; }

    /// <summary>Sum of k1 over a response of the model: how far it is from the baseline, nats.</summary>
    public required Estimate Kl { get; init; }

    /// <summary>The same a token.</summary>
    public required double KlPerToken { get; init; }

    /// <summary>The same of both models to each further model that was asked for, by its name: sum of k1 over a response, nats.</summary>
    public IReadOnlyDictionary<string, Comparison> References { get; init; } = new Dictionary<string, Comparison>();

    /// <summary>Tokens of a response.</summary>
    public required Comparison Length { get; init; }

    /// <summary>Share of responses that ended by a stop token.</summary>
    public required Comparison EndRate { get; init; }

    /// <summary>Variety of the baseline's responses.</summary>
    public required TextStatistics BaselineText { get; init; }

    /// <summary>Variety of the model's responses.</summary>
    public required TextStatistics ModelText { get; init; }

    /// <summary>Toxicity on sensitive prompts; <see langword="null"/>: not measured.</summary>
    public ToxicityComparison? Toxicity { get; init; }

    /// <summary>Every pair: prompt by prompt, sample by sample.</summary>
    public required IReadOnlyList<EvaluationPair> Pairs { get; init; }
}
