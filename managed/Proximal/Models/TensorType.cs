using System.Diagnostics.CodeAnalysis;

namespace Proximal.Models;

/// <summary>The type of a file's numbers.</summary>
public enum TensorType
{
    /// <summary>32-bit floating point.</summary>
    [SuppressMessage("Naming", "CA1720", Justification = "The type's name is what it means.")]
    Float32 = 0,

    /// <summary>bfloat16: the exponent of fp32, 8 bits of precision.</summary>
    BFloat16 = 1,

    /// <summary>IEEE half precision.</summary>
    Float16 = 2,
}
