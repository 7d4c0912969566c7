namespace Proximal.Kernels;

/// <summary>What token rewards are made of. S sequences, N packed tokens.</summary>
public readonly ref struct RewardShapingInputs
{
    /// <summary>[S + 1] where each sequence begins, from 0, not decreasing; N is the last one.</summary>
    public required ReadOnlySpan<long> Offsets { get; init; }

    /// <summary>[N] 1: response token; empty: all are.</summary>
    public ReadOnlySpan<byte> Mask { get; init; }

    /// <summary>[N] nats, of the policy that sampled.</summary>
    public required ReadOnlySpan<float> LogProbs { get; init; }

    /// <summary>[N] nats, of the reference.</summary>
    public required ReadOnlySpan<float> ReferenceLogProbs { get; init; }

    /// <summary>[S] after normalisation, mixture weights and penalties, before the clip.</summary>
    public required ReadOnlySpan<float> Scores { get; init; }

    /// <summary>[N] dense rewards; empty: none.</summary>
    public ReadOnlySpan<float> TokenRewards { get; init; }
}
