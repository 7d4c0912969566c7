namespace Proximal.Kernels;

/// <summary>What becomes of a product and where it goes: <see cref="Output"/>, <see cref="OutputBf16"/> or both.</summary>
public readonly ref struct GemmOutputs
{
    /// <summary>[M, N] out, or empty.</summary>
    public Span<float> Output { get; init; }

    /// <summary>[M, N] out, or empty: the results rounded to bf16 (nearest even), as bits.</summary>
    public Span<ushort> OutputBf16 { get; init; }

    /// <summary>[N], added to every row, or empty.</summary>
    public ReadOnlySpan<float> Bias { get; init; }

    /// <summary>[M, N], added, or empty; may be <see cref="Output"/>.</summary>
    public ReadOnlySpan<float> Residual { get; init; }

    /// <summary>What the sums become at last. Where <see cref="Output"/> is empty they are rounded to bf16 before.</summary>
    public Activation Activation { get; init; }
}
