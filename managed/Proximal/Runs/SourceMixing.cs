namespace Proximal.Runs;

/// <summary>How long an epoch of weighted sources is.</summary>
public enum SourceMixing
{
    /// <summary>As long as the source that is used up first allows: no row twice, and of the others a part, which the seed draws.</summary>
    Under = 0,

    /// <summary>Until every row has been taken: of the other sources rows come again.</summary>
    Over = 1,
}
