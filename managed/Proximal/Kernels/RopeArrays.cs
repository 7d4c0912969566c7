namespace Proximal.Kernels;

/// <summary>The arrays of a rotary position embedding of N rows of heads.</summary>
public readonly ref struct RopeArrays
{
    /// <summary>[N, (Hq + 2 Hkv) D].</summary>
    public required ReadOnlySpan<float> X { get; init; }

    /// <summary>[N], each 0 to P - 1.</summary>
    public required ReadOnlySpan<int> Positions { get; init; }

    /// <summary>[P, D / 2], times the attention factor of a scaling that has one.</summary>
    public required ReadOnlySpan<float> Cosines { get; init; }

    /// <summary>[P, D / 2], likewise.</summary>
    public required ReadOnlySpan<float> Sines { get; init; }

    /// <summary>[D], or empty: queries are normed with this weight first.</summary>
    public ReadOnlySpan<float> QueryNorm { get; init; }

    /// <summary>[D], with <see cref="QueryNorm"/> where there are keys: the same of keys.</summary>
    public ReadOnlySpan<float> KeyNorm { get; init; }

    /// <summary>[N, (Hq + 2 Hkv) D] out, or empty; may lie where <see cref="X"/> does.</summary>
    public Span<float> Output { get; init; }

    /// <summary>[N, (Hq + 2 Hkv) D] out, or empty, but one of the two: <see cref="Output"/> rounded to bf16, as bits.</summary>
    public Span<ushort> OutputBf16 { get; init; }

    /// <summary>[N, Hq + Hkv] out, or empty, with <see cref="QueryNorm"/>: 1 / rms of heads, which the backward pass reads.</summary>
    public Span<float> InverseRms { get; init; }
}
