namespace Proximal.Kernels;

/// <summary>The arrays of an AdamW update, one entry a parameter.</summary>
public readonly ref struct AdamWArrays
{
    /// <summary>[N] in/out.</summary>
    public required Span<float> Parameters { get; init; }

    /// <summary>[N].</summary>
    public required ReadOnlySpan<float> Gradients { get; init; }

    /// <summary>[N] in/out: running mean of gradients, zeros before the first update.</summary>
    public required Span<float> FirstMoments { get; init; }

    /// <summary>[N] in/out: running mean of squared gradients, zeros before the first update.</summary>
    public required Span<float> SecondMoments { get; init; }

    /// <summary>[N] out, or empty: the parameters rounded to bf16 (nearest even), as bits.</summary>
    public Span<ushort> Shadow { get; init; }
}
