using System.Net;
using System.Net.Sockets;

namespace Proximal.Rewards.Http;

/// <summary>Posts bytes to a service and gets bytes back. Connects to no address that <see cref="ServiceAddress"/> refuses.</summary>
internal sealed class ServiceConnection : IDisposable
{
    private readonly ServiceAddress _address;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly IReadOnlyList<KeyValuePair<string, string>> _headers;
    private readonly HttpClient _client;
    private readonly int _maxAnswerBytes;

    /// <param name="address">Where to.</param>
    /// <param name="options">Headers and limits.</param>
    /// <param name="resolve">Looks a host name up.</param>
    public ServiceConnection(
        ServiceAddress address, HttpRewardOptions options, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        _address = address;
        _resolve = resolve;
        _headers = ReadHeaders(options.Headers);
        _maxAnswerBytes = options.MaxAnswerBytes;
        _client = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectCallback = ConnectAsync,
                MaxConnectionsPerServer = options.Concurrency,
                UseCookies = false,
                UseProxy = false, // a proxy would look the name up itself, beyond the check of addresses
            })
        {
            MaxResponseContentBufferSize = options.MaxAnswerBytes,
            Timeout = Timeout.InfiniteTimeSpan, // the caller's token ends a request
        };
    }

    /// <summary>Posts JSON.</summary>
    /// <returns>The answer's bytes.</returns>
    /// <exception cref="ServiceFault">There is no answer, or none of success.</exception>
    public async ValueTask<byte[]> PostAsync(byte[] json, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address.Url) { Content = new ByteArrayContent(json) };
        request.Content.Headers.ContentType = new("application/json");
        foreach ((string name, string value) in _headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            using HttpResponseMessage response =
                await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
            Check(response);
            return await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception)
        {
            throw Translate(exception);
        }
    }

    public void Dispose() => _client.Dispose();

    private static KeyValuePair<string, string>[] ReadHeaders(IReadOnlyDictionary<string, string> headers)
    {
        using var probe = new HttpRequestMessage();
        return [.. headers.Select(header => KeyValuePair.Create(header.Key, ReadHeader(probe, header.Key, header.Value)))];
    }

    private static string ReadHeader(HttpRequestMessage probe, string name, string variable)
    {
        string? value = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(value))
        {
            throw new ArgumentException(
                $"The environment variable {variable}, which holds the header {name} of the reward service, is not set: export it.");
        }

        return value.AsSpan().ContainsAnyExceptInRange(' ', '~') || !probe.Headers.TryAddWithoutValidation(name, value)
            ? throw new ArgumentException(
                $"The environment variable {variable} cannot be the header {name} of the reward service: "
                + "use a header for requests and a value of visible ASCII characters in one line.")
            : value;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        // The name is looked up once for each connection, and what was checked is what is connected to.
        IPAddress[] addresses = IPAddress.TryParse(context.DnsEndPoint.Host, out IPAddress? literal)
            ? [literal]
            : await _resolve(context.DnsEndPoint.Host, cancellationToken).ConfigureAwait(false);
        Array.ForEach(addresses, _address.Check);
        SocketException? failure = null;
        foreach (IPAddress address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException exception)
            {
                socket.Dispose();
                failure = exception;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static void Check(HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        throw status switch
        {
            >= 300 and < 400 => new ServiceFault(
                ServiceFaultKind.Configuration,
                $"answered {status}, a redirect{Target(response)}; redirects are not followed: write the final address into url"),
            408 or 429 or >= 500 => new ServiceFault(ServiceFaultKind.Transient, $"answered {status} {response.ReasonPhrase}"),
            401 or 403 => new ServiceFault(
                ServiceFaultKind.Configuration, $"answered {status} {response.ReasonPhrase}: check the headers and the variables they are from"),
            _ => new ServiceFault(
                ServiceFaultKind.Configuration, $"answered {status} {response.ReasonPhrase}: check url, and the service's log for what it refuses"),
        };
    }

    private static string Target(HttpResponseMessage response) =>
        response.Headers.Location is { IsAbsoluteUri: true } location ? $" to {location.GetLeftPart(UriPartial.Authority)}" : string.Empty;

    private ServiceFault Translate(HttpRequestException exception) => exception switch
    {
        { InnerException: ServiceFault fault } => fault,
        { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => new ServiceFault(
            ServiceFaultKind.BadAnswer, $"answered with more than {_maxAnswerBytes} bytes: raise max_answer_bytes if that is right", exception),
        { HttpRequestError: HttpRequestError.SecureConnectionError } => new ServiceFault(
            ServiceFaultKind.Configuration, $"has no certificate that this machine trusts: {exception.InnerException?.Message ?? exception.Message}", exception),
        _ => new ServiceFault(
            ServiceFaultKind.Transient, $"cannot be reached: {exception.InnerException?.Message ?? exception.Message}", exception),
    };
}
