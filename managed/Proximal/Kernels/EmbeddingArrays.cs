namespace Proximal.Kernels;

/// <summary>The arrays of an embedding of N tokens in rows of H entries.</summary>
public readonly ref struct EmbeddingArrays
{
    /// <summary>[N], each 0 to V - 1.</summary>
    public required ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>[V, H], or empty where <see cref="TableBf16"/> is given.</summary>
    public ReadOnlySpan<float> Table { get; init; }

    /// <summary>[V, H] as bits of bf16, or empty where <see cref="Table"/> is given.</summary>
    public ReadOnlySpan<ushort> TableBf16 { get; init; }

    /// <summary>[N], each 0 to P - 1, or empty: the rows of <see cref="PositionTable"/> that are added.</summary>
    public ReadOnlySpan<int> Positions { get; init; }

    /// <summary>[P, H], with <see cref="Positions"/>.</summary>
    public ReadOnlySpan<float> PositionTable { get; init; }

    /// <summary>[N, H] out.</summary>
    public required Span<float> Output { get; init; }
}
