using System.Net;
using System.Net.Sockets;

namespace Proximal.Rewards.Http;

/// <summary>A service's URL, and which network addresses may be connected to for it.</summary>
/// <remarks>
/// Who writes a host name into a configuration trusts that name, not whatever it resolves to at some moment: so a name may
/// stand for public addresses only, unless the options allow private ones. An address that the URL itself names, and
/// <c>localhost</c>, are what their reader sees. Link-local addresses, where clouds keep their credentials, are never
/// reached through a name.
/// </remarks>
internal sealed class ServiceAddress
{
    private readonly bool _allowPrivate;

    public ServiceAddress(string url, bool allowPrivate)
    {
        Url = Parse(url);
        _allowPrivate = allowPrivate;
    }

    /// <summary>Where requests go.</summary>
    public Uri Url { get; }

    /// <summary>The URL for messages: without its query, which may hold a key.</summary>
    public string Text => Url.GetLeftPart(UriPartial.Path);

    /// <summary>Reads a URL.</summary>
    /// <exception cref="ArgumentException">It cannot be used; the text says why and never repeats its credentials.</exception>
    public static Uri Parse(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) || (parsed.Scheme != Uri.UriSchemeHttp && parsed.Scheme != Uri.UriSchemeHttps)
            || parsed.Host.Length == 0)
        {
            throw new ArgumentException("Expected a URL that starts with http:// or https:// and names a host.", nameof(url));
        }

        return parsed.UserInfo.Length == 0 && parsed.Fragment.Length == 0
            ? parsed
            : throw new ArgumentException(
                "Credentials and fragments cannot be part of the URL: send credentials as a header from an environment variable.", nameof(url));
    }

    /// <summary>Throws unless an address that the host stands for may be connected to.</summary>
    /// <exception cref="ServiceFault">It may not; the text says why and what to do.</exception>
    public void Check(IPAddress address)
    {
        AddressScope scope = ScopeOf(address);
        bool allowed = (scope, NamedScope()) switch
        {
            (AddressScope.Unusable, _) => false,
            (_, AddressScope.Loopback) => scope == AddressScope.Loopback,
            (_, not null) => true, // the URL's host is this very address
            (AddressScope.Public, null) => true,
            (AddressScope.LinkLocal, null) => false,
            _ => _allowPrivate,
        };
        if (!allowed)
        {
            throw new ServiceFault(ServiceFaultKind.Configuration, Refusal(address, scope));
        }
    }

    /// <summary>What kind of network an address belongs to.</summary>
    public static AddressScope ScopeOf(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return Embedded(address) is { } inner ? ScopeOf(inner) : ScopeOfV6(address);
        }

        byte[] b = address.GetAddressBytes();
        return b[0] switch
        {
            127 => AddressScope.Loopback,
            10 => AddressScope.Private,
            100 when (b[1] & 0xC0) == 64 => AddressScope.Private, // shared by carriers: RFC 6598
            169 when b[1] == 254 => AddressScope.LinkLocal,
            172 when (b[1] & 0xF0) == 16 => AddressScope.Private,
            192 when b[1] == 168 => AddressScope.Private,
            192 when b[1] == 0 && b[2] == 0 => AddressScope.Private, // IETF protocols: RFC 6890
            198 when (b[1] & 0xFE) == 18 => AddressScope.Private, // benchmarks: RFC 2544
            0 or >= 224 => AddressScope.Unusable, // this host, multicast, reserved, broadcast
            _ => AddressScope.Public,
        };
    }

    private static AddressScope ScopeOfV6(IPAddress address)
    {
        byte[] b = address.GetAddressBytes();
        return address switch
        {
            _ when address.Equals(IPAddress.IPv6Loopback) => AddressScope.Loopback,
            _ when address.Equals(IPAddress.IPv6Any) || address.IsIPv6Multicast => AddressScope.Unusable,
            { IsIPv6LinkLocal: true } => AddressScope.LinkLocal,
            _ when address.IsIPv6SiteLocal || (b[0] & 0xFE) == 0xFC => AddressScope.Private,
            _ => AddressScope.Public,
        };
    }

    /// <summary>The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 or 6to4.</summary>
    private static IPAddress? Embedded(IPAddress address)
    {
        byte[] b = address.GetAddressBytes();
        bool translated = b.AsSpan(0, 12).SequenceEqual((ReadOnlySpan<byte>)[0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]);
        bool compatible = !b.AsSpan(0, 12).ContainsAnyExcept((byte)0) && (b[12] != 0 || b[13] != 0);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            : translated || compatible ? new IPAddress(b.AsSpan(12, 4))
            : b[0] == 0x20 && b[1] == 0x02 ? new IPAddress(b.AsSpan(2, 4))
            : null;
    }

    /// <summary>The scope that a reader of the URL sees; <see langword="null"/>: a name, which may stand for anything.</summary>
    private AddressScope? NamedScope() =>
        IPAddress.TryParse(Url.DnsSafeHost, out IPAddress? literal) ? ScopeOf(literal)
        : Url.Host == "localhost" || Url.Host.EndsWith(".localhost", StringComparison.Ordinal) ? AddressScope.Loopback
        : null;

    private static string Refusal(IPAddress address, AddressScope scope)
    {
        string what = scope switch
        {
            AddressScope.Loopback => "a loopback address",
            AddressScope.LinkLocal => "a link-local address",
            AddressScope.Private => "a private address",
            AddressScope.Public => "a public address",
            _ => "an address that no service can have",
        };
        string fix = scope is AddressScope.Loopback or AddressScope.Private
            ? "write the address itself into url, or set allow_private: true if you trust that name"
            : "name another host in url";
        return $"was not called: its host stands for {address}, {what}; {fix}";
    }
}
