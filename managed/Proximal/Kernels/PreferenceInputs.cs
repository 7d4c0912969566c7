namespace Proximal.Kernels;

/// <summary>What a preference loss is of. S answers, N packed tokens; of pairs answer 2i is chosen over answer 2i + 1.</summary>
public readonly ref struct PreferenceInputs
{
    /// <summary>[S + 1] where each answer begins, from 0, not decreasing; N is the last one.</summary>
    public required ReadOnlySpan<long> Offsets { get; init; }

    /// <summary>[N] nats, of the policy in training.</summary>
    public required ReadOnlySpan<float> LogProbs { get; init; }

    /// <summary>[N] nats, of the reference; empty: reference-free, as if 0.</summary>
    public ReadOnlySpan<float> ReferenceLogProbs { get; init; }

    /// <summary>[N] of a token in its answer's sum; 0: none, whatever stands elsewhere; empty: ones.</summary>
    public ReadOnlySpan<float> Weights { get; init; }

    /// <summary>[S] 1: a wanted answer; needed by losses of single answers, which <see cref="PreferenceOptions.IsSingle"/> says.</summary>
    public ReadOnlySpan<byte> Desirable { get; init; }
}
