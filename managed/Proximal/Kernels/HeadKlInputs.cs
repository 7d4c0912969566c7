namespace Proximal.Kernels;

/// <summary>
/// Hidden states and LM heads of a policy and its reference. Hidden states are floats or bf16 bits, as the heads are packed; each
/// model has a hidden size of its own, the vocabulary is one.
/// </summary>
public readonly ref struct HeadKlInputs
{
    /// <summary>Makes inputs at temperature 1.</summary>
    public HeadKlInputs()
    {
    }

    /// <summary>[N, H] row-major, of the policy, or empty.</summary>
    public ReadOnlySpan<float> Hidden { get; init; }

    /// <summary>[N, H] as bits of bf16, instead of <see cref="Hidden"/>.</summary>
    public ReadOnlySpan<ushort> HiddenBf16 { get; init; }

    /// <summary>[V, H] of the policy.</summary>
    public required PackedWeights Head { get; init; }

    /// <summary>[N, R] row-major, of the reference, or empty.</summary>
    public ReadOnlySpan<float> ReferenceHidden { get; init; }

    /// <summary>[N, R] as bits of bf16, instead of <see cref="ReferenceHidden"/>.</summary>
    public ReadOnlySpan<ushort> ReferenceHiddenBf16 { get; init; }

    /// <summary>[V, R] of the reference.</summary>
    public required PackedWeights ReferenceHead { get; init; }

    /// <summary>T, above 0, of both.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary><see cref="HeadKl.Workspace"/> entries, whose content is lost.</summary>
    public required Span<float> Workspace { get; init; }
}
