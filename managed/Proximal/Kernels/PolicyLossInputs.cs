namespace Proximal.Kernels;

/// <summary>What the policy loss is computed from, one entry a token.</summary>
public readonly ref struct PolicyLossInputs
{
    /// <summary>[N] log-probs of the policy in training.</summary>
    public required ReadOnlySpan<float> LogProbs { get; init; }

    /// <summary>[N] log-probs of the policy that sampled.</summary>
    public required ReadOnlySpan<float> OldLogProbs { get; init; }

    /// <summary>[N] advantages.</summary>
    public required ReadOnlySpan<float> Advantages { get; init; }

    /// <summary>[N] log-probs of the reference; needed when the KL coefficient is not 0.</summary>
    public ReadOnlySpan<float> ReferenceLogProbs { get; init; }

    /// <summary>[N] 0: masked, whatever stands elsewhere; empty: ones.</summary>
    public ReadOnlySpan<float> Weights { get; init; }
}
