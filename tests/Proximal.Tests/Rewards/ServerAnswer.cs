using System.Text;
using System.Text.Json;

namespace Proximal.Tests.Rewards;

/// <summary>What a <see cref="RewardServer"/> writes to a connection before it closes it.</summary>
/// <param name="Bytes">All of it.</param>
/// <param name="Hang">The connection stays open until the client closes it.</param>
internal sealed record ServerAnswer(byte[] Bytes, bool Hang = false)
{
    /// <summary>Not a byte.</summary>
    public static ServerAnswer Nothing { get; } = new([]);

    public static ServerAnswer Json(object body) => Text(JsonSerializer.Serialize(body));

    public static ServerAnswer Text(string body, int status = 200, string headers = "") => new(
        [.. Encoding.UTF8.GetBytes($"HTTP/1.1 {status} X\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}Connection: close\r\n\r\n{body}")]);

    /// <summary>An answer that ends before the length that it announced.</summary>
    public ServerAnswer Cut(int bytes) => this with { Bytes = Bytes[..^bytes] };
}
