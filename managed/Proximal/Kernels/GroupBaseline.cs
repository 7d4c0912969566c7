namespace Proximal.Kernels;

/// <summary>What a score is measured against.</summary>
public enum GroupBaseline
{
    /// <summary>The mean of the group's scores, by weight where there is one: GRPO, Dr. GRPO, REINFORCE++, OPO.</summary>
    Mean = 1,

    /// <summary>The mean of the other scores of the group: RLOO (arXiv 2402.14740).</summary>
    LeaveOneOut = 2,
}
