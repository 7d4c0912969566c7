namespace Proximal.Training;

/// <summary>
/// What training computes a second time on its way back instead of keeping it (Chen et al., arXiv 1604.06174). The gradient has
/// the same bits; memory for activations falls and time rises. On the LibTorch backend all is kept.
/// </summary>
public enum Recompute
{
    /// <summary>Nothing: the fastest.</summary>
    None = 0,

    /// <summary>What lies inside attention and the feed-forward: about a third of the memory.</summary>
    AttentionMlp = 1,

    /// <summary>All but the residual stream before each layer: about a quarter of the memory.</summary>
    Block = 2,
}
