namespace Proximal.Kernels;

/// <summary>The arrays of an attention over N rows of packed sequences.</summary>
public readonly ref struct AttentionArrays
{
    /// <summary>[S + 1] where each sequence begins, from 0, not decreasing; N is the last one.</summary>
    public required ReadOnlySpan<long> Offsets { get; init; }

    /// <summary>[N, Hq + 2 Hkv, D]: heads of queries, of keys and of values, turned by their positions.</summary>
    public required ReadOnlySpan<float> Rows { get; init; }

    /// <summary>[N, Hq, D] out, or empty.</summary>
    public Span<float> Output { get; init; }

    /// <summary>[N, Hq, D] out, or empty, but one of the two: <see cref="Output"/> rounded to bf16, as bits.</summary>
    public Span<ushort> OutputBf16 { get; init; }

    /// <summary>[N, Hq] out, or empty: log-sum-exp of scores, which the backward pass reads.</summary>
    public Span<float> LogSumExp { get; init; }

    /// <summary><see cref="Attention.Workspace"/> entries, whose content is lost.</summary>
    public required Span<float> Workspace { get; init; }
}
