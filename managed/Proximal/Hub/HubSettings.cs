using Proximal.Rewards.Http;

namespace Proximal.Hub;

/// <summary>Where models come from and go to, and who asks: the environment variables of huggingface_hub.</summary>
internal sealed record HubSettings
{
    private const string DefaultEndpoint = "https://huggingface.co";

    /// <summary>The hub: scheme and host, perhaps a path.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The cache's folder.</summary>
    public required string Cache { get; init; }

    /// <summary>The bearer token; <see langword="null"/>: none. It goes to the endpoint's host alone, and into no message.</summary>
    public string? Token { get; init; }

    /// <summary>Nothing is asked of the network.</summary>
    public bool Offline { get; init; }

    /// <summary>Bytes that are asked for at once.</summary>
    public int ChunkBytes { get; init; } = 8 << 20;

    /// <summary>Requests at the same time.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>How often a request that failed is made again.</summary>
    public int Retries { get; init; } = 6;

    /// <summary>The first pause before that; later ones are longer.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A longer pause than this is not made, whatever the server asks for.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>An answer that brings nothing for so long has ended.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE.</summary>
    /// <param name="endpoint">In place of HF_ENDPOINT; <see langword="null"/>: not.</param>
    /// <param name="variable">Looks a variable up.</param>
    /// <exception cref="ArgumentException">One of them cannot be used; the text holds no token.</exception>
    public static HubSettings Read(string? endpoint = null, Func<string, string?>? variable = null)
    {
        variable ??= Environment.GetEnvironmentVariable;
        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;
        string home = Value("HF_HOME") is { } named
            ? Expand(named)
            : Path.Combine(Value("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "huggingface");
        return new HubSettings
        {
            Endpoint = ReadEndpoint(endpoint ?? Value("HF_ENDPOINT") ?? DefaultEndpoint),
            Cache = Path.GetFullPath(Expand(Value("HF_HUB_CACHE") ?? Path.Combine(home, "hub"))),
            Token = ReadToken(Value("HF_TOKEN"), Expand(Value("HF_TOKEN_PATH") ?? Path.Combine(home, "token"))),
            Offline = Value("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE",
        };
    }

    private static string Expand(string path) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + path[1..] : path;

    private static Uri ReadEndpoint(string text)
    {
        try
        {
            Uri url = ServiceAddress.Parse(text.TrimEnd('/'));
            return url.Query.Length == 0 ? url : throw new ArgumentException("A query cannot be part of it.");
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentException($"The endpoint of the hub (--endpoint, HF_ENDPOINT) cannot be used: {exception.Message.Split(" (Parameter")[0]}", exception);
        }
    }

    private static string? ReadToken(string? variable, string file)
    {
        string? token = variable ?? (File.Exists(file) ? File.ReadAllText(file) : null);
        token = token?.Trim() is { Length: > 0 } trimmed ? trimmed : null;
        return token is null || token.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0
            ? token
            : throw new ArgumentException($"The token of {(variable is null ? file : "HF_TOKEN")} is none: expected one line of visible ASCII characters.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Endpoint} {Cache}"; // a record would print the token
}
