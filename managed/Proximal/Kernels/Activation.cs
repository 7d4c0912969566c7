namespace Proximal.Kernels;

/// <summary>What becomes of a product's sums, by the bits of the kernel of that name.</summary>
public enum Activation
{
    /// <summary>They stay what they are.</summary>
    None = 0,

    /// <summary><see cref="Kernels.Gelu"/> by its tanh formula, GPT-2's.</summary>
    Gelu = 1,

    /// <summary><see cref="Kernels.Gelu"/> by erf.</summary>
    GeluErf = 2,

    /// <summary>x / (1 + e⁻ˣ), which <see cref="SwiGlu"/> makes of its gates.</summary>
    Silu = 3,
}
