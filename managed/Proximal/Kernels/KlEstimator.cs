namespace Proximal.Kernels;

/// <summary>Per-token estimates of KL(policy || reference) with d = log-prob - reference log-prob.</summary>
public enum KlEstimator
{
    /// <summary>d: unbiased, of either sign.</summary>
    K1 = 1,

    /// <summary>d²/2: biased, never negative, low variance.</summary>
    K2 = 2,

    /// <summary>exp(-d) - 1 + d: unbiased, never negative.</summary>
    K3 = 3,
}
