namespace Proximal.Reports;

/// <summary>One response of a run, as samples.jsonl has it.</summary>
public sealed record RunSample
{
    /// <summary>The step that drew it.</summary>
    public required int Step { get; init; }

    /// <summary>The prompt's text.</summary>
    public string Prompt { get; init; } = string.Empty;

    /// <summary>The response's text.</summary>
    public string Response { get; init; } = string.Empty;

    /// <summary>The score before penalties and clip; NaN when there is none.</summary>
    public double Score { get; init; } = double.NaN;

    /// <summary>The components of the reward.</summary>
    public IReadOnlyDictionary<string, double> Rewards { get; init; } = new Dictionary<string, double>();

    /// <summary>Token ids of the response.</summary>
    public IReadOnlyList<int> Tokens { get; init; } = [];

    /// <summary>Log-probs under the policy that drew them; as many as tokens, or none.</summary>
    public IReadOnlyList<double> LogProbs { get; init; } = [];

    /// <summary>Log-probs under the reference; as many as tokens, or none.</summary>
    public IReadOnlyList<double> ReferenceLogProbs { get; init; } = [];

    /// <summary>The advantages that the policy was trained with; as many as tokens, or none.</summary>
    public IReadOnlyList<double> Advantages { get; init; } = [];

    /// <summary>k1 of each token: how much likelier the policy finds it than the reference, nats.</summary>
    public IEnumerable<double> LogRatios => LogProbs.Zip(ReferenceLogProbs, (policy, reference) => policy - reference);

    /// <summary>Sum of k1 over the response, nats; NaN when the log-probs are not known.</summary>
    public double Kl => LogProbs.Count > 0 && ReferenceLogProbs.Count > 0 ? LogRatios.Sum() : double.NaN;
}
