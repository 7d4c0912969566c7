namespace Proximal.Models;

/// <summary>How a scalar head starts.</summary>
public enum HeadInitialization
{
    /// <summary>As the file has it (score, value_head, v_head.summary); an error when it has none, or one with a bias other than 0.</summary>
    FromFile = 0,

    /// <summary>Zeros: value heads.</summary>
    Zero = 1,

    /// <summary>Normal with standard deviation 1/sqrt(hidden size + 1) from a seed: reward heads.</summary>
    Normal = 2,
}
