namespace Proximal.Kernels;

/// <summary>The arrays of the backward pass of a rotary position embedding of N rows of heads.</summary>
public readonly ref struct RopeGradients
{
    /// <summary>[N, (Hq + 2 Hkv) D] of the output.</summary>
    public required ReadOnlySpan<float> Output { get; init; }

    /// <summary>[N], each 0 to P - 1.</summary>
    public required ReadOnlySpan<int> Positions { get; init; }

    /// <summary>[P, D / 2].</summary>
    public required ReadOnlySpan<float> Cosines { get; init; }

    /// <summary>[P, D / 2].</summary>
    public required ReadOnlySpan<float> Sines { get; init; }

    /// <summary>[D], or empty, as in the forward pass.</summary>
    public ReadOnlySpan<float> QueryNorm { get; init; }

    /// <summary>[D], or empty, as in the forward pass.</summary>
    public ReadOnlySpan<float> KeyNorm { get; init; }

    /// <summary>[N, (Hq + 2 Hkv) D] of the forward pass, with <see cref="QueryNorm"/>.</summary>
    public ReadOnlySpan<float> X { get; init; }

    /// <summary>[N, Hq + Hkv] of the forward pass, with <see cref="QueryNorm"/>.</summary>
    public ReadOnlySpan<float> InverseRms { get; init; }

    /// <summary>[N, (Hq + 2 Hkv) D] out, of X, or empty; may lie where <see cref="Output"/> does.</summary>
    public Span<float> Input { get; init; }

    /// <summary>[N, (Hq + 2 Hkv) D] out, or empty, but one of the two: <see cref="Input"/> rounded to bf16, as bits.</summary>
    public Span<ushort> InputBf16 { get; init; }

    /// <summary>[D] in/out, or empty, with <see cref="QueryNorm"/>: its gradient is added.</summary>
    public Span<float> QueryNormGradient { get; init; }

    /// <summary>[D] in/out, with <see cref="QueryNormGradient"/> where there are keys: the gradient is added.</summary>
    public Span<float> KeyNormGradient { get; init; }

    /// <summary>With <see cref="QueryNormGradient"/>: <see cref="Rope.BackwardWorkspace"/> entries, whose content is lost.</summary>
    public Span<float> Workspace { get; init; }
}
