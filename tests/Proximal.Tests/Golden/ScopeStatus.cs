namespace Proximal.Tests.Golden;

/// <summary>What the scope says of a case.</summary>
internal enum ScopeStatus
{
    /// <summary>No rule speaks of it.</summary>
    Run,

    /// <summary>An issue will bring it.</summary>
    Later,

    /// <summary>numerics.md does not define it.</summary>
    OutOfScope,
}
