namespace Proximal.Tokenization.Models;

/// <summary>How byte-pair encoding treats what its vocabulary lacks.</summary>
internal sealed record BytePairOptions
{
    /// <summary>The id for unknown characters; -1: they vanish.</summary>
    public int UnknownId { get; init; } = -1;

    /// <summary>Whether neighbouring unknown characters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether unknown characters become byte tokens where the vocabulary has them.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether a word that is a token is taken whole, merges or not.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Put before every symbol of a word but the first.</summary>
    public string ContinuingPrefix { get; init; } = "";

    /// <summary>Put after a word's last symbol.</summary>
    public string EndSuffix { get; init; } = "";
}
