using Proximal.Internal;

namespace Proximal.Rollouts;

/// <summary>How a token is drawn. Applied in this order: temperature, top-k, top-p, min-p.</summary>
public sealed record SamplingOptions
{
    /// <summary>Logits are divided by it; 0: the most probable token always (log-probs are those of temperature 1).</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the k most probable tokens and ties; 0: off.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the smallest set of this cumulative probability, in (0, 1]; 1: off.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Keeps tokens of at least this share of the largest probability, in [0, 1]; 0: off.</summary>
    public double MinP { get; init; }

    internal void Validate()
    {
        Require.NotNegative(Temperature);
        Require.AtLeast(TopK, 0);
        Require.Probability(TopP, zero: false);
        Require.Probability(MinP, zero: true);
    }
}
