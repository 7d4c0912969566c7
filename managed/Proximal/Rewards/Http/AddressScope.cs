namespace Proximal.Rewards.Http;

/// <summary>What kind of network an address belongs to.</summary>
internal enum AddressScope
{
    /// <summary>The Internet.</summary>
    Public,

    /// <summary>A private network: RFC 1918, RFC 4193 and the like.</summary>
    Private,

    /// <summary>This machine.</summary>
    Loopback,

    /// <summary>This link, with what clouds offer there.</summary>
    LinkLocal,

    /// <summary>No single machine: unspecified, multicast, reserved.</summary>
    Unusable,
}
