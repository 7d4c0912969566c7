namespace Proximal.Kernels;

/// <summary>What a gradient of <see cref="HeadKl"/> needs, and where it goes: <see cref="Hidden"/>, <see cref="Head"/> or both.</summary>
public readonly ref struct HeadKlGradients
{
    /// <summary>[N] d objective / d KL.</summary>
    public required ReadOnlySpan<float> Upstream { get; init; }

    /// <summary>[H, V]: the policy's head, written transposed; for <see cref="Hidden"/>.</summary>
    public PackedWeights? HeadTransposed { get; init; }

    /// <summary>[N, H] out, or empty.</summary>
    public Span<float> Hidden { get; init; }

    /// <summary>[V, H], added to, or empty.</summary>
    public Span<float> Head { get; init; }
}
