using Proximal.Models;

namespace Proximal.Runs;

/// <summary>The type of the numbers that a run leaves in its model, by Hugging Face's names.</summary>
public enum SavedType
{
    /// <summary>32-bit floating point: what the run computed with.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720", Justification = "The type's name is what it means.")]
    Float32 = TensorType.Float32,

    /// <summary>bfloat16: half the bytes, 8 bits of precision.</summary>
    Bfloat16 = TensorType.BFloat16,

    /// <summary>IEEE half precision: half the bytes, 11 bits of precision; weights above 65504 do not fit.</summary>
    Float16 = TensorType.Float16,
}
