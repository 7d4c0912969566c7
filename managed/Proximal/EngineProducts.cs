namespace Proximal;

/// <summary>
/// What a model's matrices are multiplied in. Parameters, gradients, sums and the residual stream are fp32 either way.
/// </summary>
public enum EngineProducts
{
    /// <summary>What the environment variable PROXIMAL_PRODUCTS says (f32 or bf16), else 32-bit floats.</summary>
    Default = 0,

    /// <summary>32-bit floats.</summary>
    Fp32 = 1,

    /// <summary>
    /// bfloat16: weights and activations are rounded where they are multiplied, keys and values too. About twice as fast where the
    /// processor multiplies it (AVX-512-bf16).
    /// </summary>
    Bf16 = 2,
}
