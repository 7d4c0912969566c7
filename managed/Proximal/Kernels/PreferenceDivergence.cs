namespace Proximal.Kernels;

/// <summary>What takes the place of an answer's log-ratio u in a loss of pairs (f-DPO, arXiv 2309.16240).</summary>
public enum PreferenceDivergence
{
    /// <summary>u itself: DPO.</summary>
    ReverseKl = 1,

    /// <summary>-exp(-u).</summary>
    ForwardKl = 2,

    /// <summary>log sigmoid(u).</summary>
    JensenShannon = 3,

    /// <summary>exp((alpha - 1) u) / (alpha - 1); without a reference AlphaPO (arXiv 2501.03884) of 1 - alpha.</summary>
    Alpha = 4,
}
