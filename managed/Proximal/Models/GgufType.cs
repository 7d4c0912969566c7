namespace Proximal.Models;

/// <summary>What the matrices of a GGUF file are made of. Vectors and learned positions are always fp32.</summary>
public enum GgufType
{
    /// <summary>32-bit floating point: loses nothing.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720", Justification = "The type's name is what it means.")]
    Float32 = 0,

    /// <summary>IEEE half precision; weights above 65504 do not fit.</summary>
    Float16 = 1,

    /// <summary>Blocks of 32 numbers of 8 bits with one scale: within 1/250 of a block's largest magnitude. Rows of no whole blocks are fp16.</summary>
    Q8 = 8,

    /// <summary>bfloat16: the range of fp32, 8 bits of precision.</summary>
    BFloat16 = 30,
}
