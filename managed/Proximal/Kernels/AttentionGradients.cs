namespace Proximal.Kernels;

/// <summary>The arrays of the backward pass of an attention over N rows of packed sequences.</summary>
public readonly ref struct AttentionGradients
{
    /// <summary>[S + 1] as in the forward pass.</summary>
    public required ReadOnlySpan<long> Offsets { get; init; }

    /// <summary>[N, Hq + 2 Hkv, D] of the forward pass.</summary>
    public required ReadOnlySpan<float> Rows { get; init; }

    /// <summary>[N, Hq, D] of the forward pass, or empty.</summary>
    public ReadOnlySpan<float> Output { get; init; }

    /// <summary>[N, Hq, D] of the forward pass, or empty, but one of the two: <see cref="Output"/> in bf16.</summary>
    public ReadOnlySpan<ushort> OutputBf16 { get; init; }

    /// <summary>[N, Hq] of the forward pass.</summary>
    public required ReadOnlySpan<float> LogSumExp { get; init; }

    /// <summary>[N, Hq, D] of the output.</summary>
    public required ReadOnlySpan<float> OutputGradient { get; init; }

    /// <summary>[N, Hq + 2 Hkv, D] out, of <see cref="Rows"/>.</summary>
    public required Span<float> RowsGradient { get; init; }

    /// <summary><see cref="Attention.Workspace"/> entries, whose content is lost.</summary>
    public required Span<float> Workspace { get; init; }
}
