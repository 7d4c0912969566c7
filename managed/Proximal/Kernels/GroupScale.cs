namespace Proximal.Kernels;

/// <summary>What the distance from the baseline is divided by.</summary>
public enum GroupScale
{
    /// <summary>The group's unbiased standard deviation plus epsilon: GRPO (arXiv 2402.03300).</summary>
    Deviation = 1,

    /// <summary>Nothing: Dr. GRPO (arXiv 2503.20783), RLOO.</summary>
    None = 2,

    /// <summary>A standard deviation that the caller gives, that of the whole step, plus epsilon.</summary>
    GivenDeviation = 3,
}
