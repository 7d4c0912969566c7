namespace Proximal.Kernels;

/// <summary>The arrays of the backward pass of a root-mean-square norm of N rows of H entries.</summary>
public readonly ref struct RmsNormGradients
{
    /// <summary>[N, H] what was normed: X, or the sum where there was a delta.</summary>
    public required ReadOnlySpan<float> X { get; init; }

    /// <summary>[H].</summary>
    public required ReadOnlySpan<float> Weight { get; init; }

    /// <summary>[N] of the forward pass.</summary>
    public required ReadOnlySpan<float> InverseRms { get; init; }

    /// <summary>[N, H] of the output.</summary>
    public required ReadOnlySpan<float> Output { get; init; }

    /// <summary>[N, H] out, of X; in/out where it is added to. May lie where <see cref="Output"/> does where it is not.</summary>
    public required Span<float> Input { get; init; }

    /// <summary>[N, H] out, or empty: <see cref="Input"/> rounded to bf16 (nearest even), as bits.</summary>
    public Span<ushort> InputBf16 { get; init; }

    /// <summary>[H] in/out, or empty: the weight's gradient is added.</summary>
    public Span<float> WeightGradient { get; init; }

    /// <summary>With <see cref="WeightGradient"/>: <see cref="RmsNorm.BackwardWorkspace"/> entries, whose content is lost.</summary>
    public Span<float> Workspace { get; init; }
}
