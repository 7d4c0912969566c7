using System.Net.Http.Headers;

namespace Proximal.Hub;

/// <summary>What a hub's answer other than success means, in words for people.</summary>
internal static class HubAnswers
{
    private const int ShownLength = 200;

    /// <summary>The failure that an answer stands for.</summary>
    /// <param name="status">The answer's status.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="repository">What was asked for.</param>
    /// <param name="settings">Endpoint and token.</param>
    /// <param name="where">The address without what may be secret.</param>
    /// <param name="now">The time, for a Retry-After that names one.</param>
    public static HubException Failure(
        int status, HttpResponseHeaders headers, HubRepository repository, HubSettings settings, string where, DateTimeOffset now)
    {
        string code = First(headers, "X-Error-Code") ?? string.Empty;
        string said = First(headers, "X-Error-Message") is { } message ? $" (it says: {Shown(message, settings.Token)})" : string.Empty;
        string page = $"{settings.Endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{repository.Id}";
        string token = settings.Token is null ? "no token was sent: set HF_TOKEN" : "the token of HF_TOKEN may not read it, or is no longer valid";
        return status switch
        {
            _ when code == "GatedRepo" => Lasting(status, $"{repository.Id} is gated{said}: accept its conditions at {page} with your account, and {(settings.Token is null ? "set HF_TOKEN to a token of it" : "use a token of that account")}"),
            401 => Lasting(status, $"{where}: 401, {repository.Id} does not exist or is private{said}; check the name; {token}"),
            403 => Lasting(status, $"{where}: 403, {repository.Id} may not be read{said}; {token}"),
            404 when code == "RevisionNotFound" => Lasting(status, $"{repository.Id} has no revision '{repository.Revision}'{said}; {page} lists its branches and tags"),
            404 when code == "EntryNotFound" => Lasting(status, $"{where}: 404, the file is listed and not there{said}; pull again"),
            404 => Lasting(status, $"{where}: 404, there is no {repository.Id} at revision '{repository.Revision}'{said}; check name and revision, and HF_ENDPOINT or --endpoint"),
            429 => Passing(status, $"{where}: 429, the hub wants fewer requests{said}; try again later, or set HF_TOKEN for a higher limit", headers.RetryAfter, now),
            408 or >= 500 => Passing(status, $"{where}: {status}, the hub has a problem{said}; try again later: what is there is kept", headers.RetryAfter, now),
            _ => Lasting(status, $"{where}: {status}, which no hub should answer{said}; check HF_ENDPOINT or --endpoint"),
        };
    }

    /// <summary>A text of a server as a message may show it: short, printable, without the token.</summary>
    public static string Shown(string text, string? token)
    {
        string safe = token is null ? text : text.Replace(token, "***", StringComparison.Ordinal);
        return new string([.. safe.Take(ShownLength).Select(letter => char.IsControl(letter) ? ' ' : letter)]);
    }

    private static HubException Lasting(int status, string message) => new(ProximalStatus.Io, message) { Answer = status };

    private static HubException Passing(int status, string message, RetryConditionHeaderValue? retry, DateTimeOffset now) => new(ProximalStatus.Io, message, transient: true)
    {
        Answer = status,
        RetryAfter = retry?.Delta ?? (retry?.Date is { } date && date > now ? date - now : null),
    };

    private static string? First(HttpResponseHeaders headers, string name) => headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;
}
