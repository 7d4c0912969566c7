namespace Proximal.Kernels;

/// <summary>The arrays of a layer norm of N rows of H entries.</summary>
public readonly ref struct LayerNormArrays
{
    /// <summary>[N, H].</summary>
    public required ReadOnlySpan<float> X { get; init; }

    /// <summary>[N, H], or empty: added to <see cref="X"/> first.</summary>
    public ReadOnlySpan<float> Delta { get; init; }

    /// <summary>[H].</summary>
    public required ReadOnlySpan<float> Weight { get; init; }

    /// <summary>[H].</summary>
    public required ReadOnlySpan<float> Bias { get; init; }

    /// <summary>[N, H] out, with <see cref="Delta"/>: X + Delta; may lie where <see cref="X"/> does.</summary>
    public Span<float> Sum { get; init; }

    /// <summary>[N, H] out, or empty.</summary>
    public Span<float> Output { get; init; }

    /// <summary>[N, H] out, or empty, but one of the two: <see cref="Output"/> rounded to bf16 (nearest even), as bits.</summary>
    public Span<ushort> OutputBf16 { get; init; }

    /// <summary>[N] out, or empty: the mean of each row, which the backward pass reads.</summary>
    public Span<float> Mean { get; init; }

    /// <summary>[N] out, or empty: 1 / standard deviation of each row, likewise.</summary>
    public Span<float> InverseDeviation { get; init; }
}
