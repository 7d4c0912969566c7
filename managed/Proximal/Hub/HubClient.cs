using System.Net;
using System.Net.Http.Headers;
using Polly;
using Polly.Retry;

namespace Proximal.Hub;

/// <summary>Asks a hub for listings, headers and ranges of files, and again where that may help.</summary>
/// <remarks>
/// The token goes to the endpoint's own scheme, host and port alone: redirects lead to hosts that serve large files by signed addresses. Messages
/// show no query, for it holds their signatures. Any thread may call.
/// </remarks>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 8;
    private const int MostListingBytes = 64 << 20;

    private readonly HubSettings _settings;
    private readonly HubRepository _repository;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly SemaphoreSlim _connections;
    private readonly ResiliencePipeline _patience;

    /// <param name="settings">Endpoint, token and patience.</param>
    /// <param name="repository">The model, for messages.</param>
    /// <param name="time">All waiting goes by it.</param>
    public HubClient(HubSettings settings, HubRepository repository, TimeProvider time)
    {
        _settings = settings;
        _repository = repository;
        _time = time;
        _connections = new SemaphoreSlim(settings.Connections);
        _patience = settings.Retries > 0 ? new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(Retry(settings)).Build() : ResiliencePipeline.Empty;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = settings.Stall,
            MaxConnectionsPerServer = settings.Connections,
            MaxResponseHeadersLength = 64,
            UseCookies = false,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("proximal", "0"));
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>What the model consists of.</summary>
    /// <exception cref="HubException">The hub does not say it.</exception>
    public Task<HubListing> ListAsync(CancellationToken cancellationToken)
    {
        Uri url = Address($"api/models/{_repository.Id}/revision/{Uri.EscapeDataString(_repository.Revision)}");
        return TryAsync(
            async cancellation =>
            {
                using Exchange exchange = await SendAsync(HttpMethod.Get, url, null, cancellation).ConfigureAwait(false);
                CheckSuccess(exchange);
                using var bytes = new MemoryStream();
                await ReadAsync(exchange, MostListingBytes, (part, _) => Write(bytes, part), cancellation).ConfigureAwait(false);
                return HubListing.Read(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), Shown(url));
            },
            cancellationToken);
    }

    /// <summary>What the hub's headers say of a file.</summary>
    /// <exception cref="HubException">The hub does not say it, or has no such file.</exception>
    public Task<HubFile> DescribeAsync(string commit, string name, CancellationToken cancellationToken)
    {
        Uri url = AddressOf(commit, name);
        return TryAsync(
            async cancellation =>
            {
                using Exchange exchange = await SendAsync(HttpMethod.Head, url, null, cancellation).ConfigureAwait(false);
                CheckSuccess(exchange, redirected: true);
                return HubFile.Read(exchange.Header, Shown(url));
            },
            cancellationToken);
    }

    /// <summary>Reads a part of a file; all or nothing.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="name">The file.</param>
    /// <param name="file">What the headers said of it.</param>
    /// <param name="start">The first byte.</param>
    /// <param name="buffer">Receives the bytes: as many as it has.</param>
    /// <param name="progress">Hears of bytes as they come, and of a negative number when they are asked for again.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False when the server gives no parts of files.</returns>
    /// <exception cref="HubException">The bytes do not come.</exception>
    public Task<bool> ReadRangeAsync(string commit, string name, HubFile file, long start, Memory<byte> buffer, Action<long> progress, CancellationToken cancellationToken)
    {
        bool whole = start == 0 && buffer.Length == file.Size;
        Uri url = AddressOf(commit, name);
        return TryAsync(
            async cancellation =>
            {
                int count = 0;
                try
                {
                    using Exchange exchange = await SendAsync(HttpMethod.Get, url, whole ? null : new RangeHeaderValue(start, start + buffer.Length - 1), cancellation).ConfigureAwait(false);
                    CheckSuccess(exchange);
                    HttpResponseMessage response = exchange.Response;
                    if (!whole && response.StatusCode == HttpStatusCode.OK)
                    {
                        return false;
                    }

                    if (!whole && (response.StatusCode != HttpStatusCode.PartialContent || !file.IsRange(response.Content.Headers.ContentRange, start, buffer.Length)))
                    {
                        throw new HubException(ProximalStatus.CorruptData, $"{exchange.Where}: the server answered another part of the file than was asked for", transient: true);
                    }

                    await ReadAsync(
                        exchange,
                        buffer.Length,
                        (part, _) =>
                        {
                            part.Span.CopyTo(buffer.Span[count..]);
                            count += part.Length;
                            progress(part.Length);
                        },
                        cancellation).ConfigureAwait(false);
                    return count == buffer.Length ? true : throw Short(exchange, count, buffer.Length);
                }
                catch
                {
                    progress(-count);
                    throw;
                }
            },
            cancellationToken);
    }

    /// <summary>Reads a whole file from a server that gives no parts; from its beginning again where that fails on the way.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="name">The file.</param>
    /// <param name="file">What the headers said of it.</param>
    /// <param name="begin">Hears that it begins, perhaps again.</param>
    /// <param name="write">Receives the bytes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="HubException">The bytes do not come.</exception>
    public Task ReadWholeAsync(string commit, string name, HubFile file, Action begin, Action<ReadOnlyMemory<byte>> write, CancellationToken cancellationToken)
    {
        Uri url = AddressOf(commit, name);
        return TryAsync(
            async cancellation =>
            {
                using Exchange exchange = await SendAsync(HttpMethod.Get, url, null, cancellation).ConfigureAwait(false);
                CheckSuccess(exchange);
                begin();
                long read = await ReadAsync(exchange, file.Size, (part, _) => write(part), cancellation).ConfigureAwait(false);
                return read == file.Size ? true : throw Short(exchange, read, file.Size);
            },
            cancellationToken);
    }

    public void Dispose()
    {
        _client.Dispose();
        _connections.Dispose();
    }

    private static RetryStrategyOptions Retry(HubSettings settings) => new()
    {
        MaxRetryAttempts = settings.Retries,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = settings.RetryDelay,
        MaxDelay = TimeSpan.FromSeconds(60),
        ShouldHandle = arguments => ValueTask.FromResult(
            arguments.Outcome.Exception is HubException { IsTransient: true } failure && (failure.RetryAfter ?? TimeSpan.Zero) <= settings.LongestDelay),
        DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as HubException)?.RetryAfter),
    };

    private static void Write(MemoryStream target, ReadOnlyMemory<byte> part) => target.Write(part.Span);

    private static HubException Short(Exchange exchange, long count, long expected) =>
        new(ProximalStatus.Io, $"{exchange.Where}: the answer ended after {count} of {expected} bytes", transient: true);

    private static string Shown(Uri url) => url.GetLeftPart(UriPartial.Path);

    private Uri AddressOf(string commit, string name) =>
        Address($"{_repository.Id}/resolve/{commit}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}");

    private Uri Address(string path) => new(_settings.Endpoint.AbsoluteUri.TrimEnd('/') + "/" + path);

    private bool IsEndpoint(Uri url) => url.Scheme == _settings.Endpoint.Scheme && url.IdnHost == _settings.Endpoint.IdnHost && url.Port == _settings.Endpoint.Port;

    private async Task<T> TryAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        await _connections.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _patience.ExecuteAsync(async cancellation => await TranslateAsync(work, cancellation).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _connections.Release();
        }
    }

    private async Task<T> TranslateAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            bool secure = failure is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError };
            throw new HubException(
                ProximalStatus.Io,
                $"{Shown(_settings.Endpoint)}: {(secure ? "no certificate that this machine trusts" : "cannot be reached, or the connection broke")}: "
                + $"{HubAnswers.Shown(failure.InnerException?.Message ?? failure.Message, _settings.Token)}; check the network and HF_ENDPOINT; what is there is kept, and --offline uses it",
                transient: !secure);
        }
    }

    /// <summary>Follows redirects. Those of HEAD that lead to another host are the end: what they link to is described beside them.</summary>
    private async Task<Exchange> SendAsync(HttpMethod method, Uri url, RangeHeaderValue? range, CancellationToken cancellationToken)
    {
        List<HttpResponseHeaders> before = [];
        Uri current = url;
        for (int hop = 0; hop <= MostRedirects; hop++)
        {
            using var request = new HttpRequestMessage(method, current);
            request.Headers.Range = range;
            if (_settings.Token is { } token && IsEndpoint(current))
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }

            HttpResponseMessage response = await PatientlyAsync(cancellation => _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation), cancellationToken).ConfigureAwait(false);
            var exchange = new Exchange(response, before, Shown(current));
            Uri? next = (int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location ? Follow(current, location, exchange) : null;
            if (next is null || (method == HttpMethod.Head && !IsEndpoint(next)))
            {
                return exchange;
            }

            before.Add(response.Headers);
            response.Dispose();
            current = next;
        }

        throw new HubException(ProximalStatus.CorruptData, $"{Shown(url)}: more than {MostRedirects} redirects; check HF_ENDPOINT or --endpoint");
    }

    private static Uri Follow(Uri current, Uri location, Exchange exchange)
    {
        if (!Uri.TryCreate(current, location, out Uri? next) || (next.Scheme != Uri.UriSchemeHttps && next.Scheme != current.Scheme) || next.UserInfo.Length > 0)
        {
            exchange.Dispose();
            throw new HubException(ProximalStatus.CorruptData, $"{Shown(current)}: it redirects to an address that is not followed: expected https, or the same scheme, and no credentials in it");
        }

        return next;
    }

    private void CheckSuccess(Exchange exchange, bool redirected = false)
    {
        int status = (int)exchange.Response.StatusCode;
        if (!exchange.Response.IsSuccessStatusCode && !(redirected && status is >= 300 and < 400))
        {
            throw HubAnswers.Failure(status, exchange.Response.Headers, _repository, _settings, exchange.Where, _time.GetUtcNow());
        }
    }

    /// <summary>Reads a body of at most so many bytes; one that goes on is an error, one that stands still ends.</summary>
    private async Task<long> ReadAsync(Exchange exchange, long most, Action<ReadOnlyMemory<byte>, long> take, CancellationToken cancellationToken)
    {
        Stream body = await exchange.Response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = new byte[1 << 16];
        long read = 0;
        while (true)
        {
            int count = await PatientlyAsync(cancellation => body.ReadAsync(buffer, cancellation).AsTask(), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return read;
            }

            if (read + count > most)
            {
                throw new HubException(ProximalStatus.CorruptData, $"{exchange.Where}: the answer goes on beyond the {most} bytes that it may have; nothing of it was kept");
            }

            take(buffer.AsMemory(0, count), read);
            read += count;
        }
    }

    private async Task<T> PatientlyAsync<T>(Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        using var stalled = new CancellationTokenSource(_settings.Stall, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stalled.Token, cancellationToken);
        try
        {
            return await step(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stalled.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new HubException(ProximalStatus.Io, $"{Shown(_settings.Endpoint)}: nothing came for {_settings.Stall.TotalSeconds:0} seconds; what is there is kept: pull again", transient: true);
        }
    }

    /// <summary>An answer, and the headers of the redirects before it.</summary>
    private sealed class Exchange(HttpResponseMessage response, List<HttpResponseHeaders> before, string where) : IDisposable
    {
        public HttpResponseMessage Response => response;

        /// <summary>Its address without what may be secret.</summary>
        public string Where => where;

        /// <summary>A header: of a linked file the first that says it, else of the last answer.</summary>
        public string? Header(string name)
        {
            IEnumerable<HttpHeaders> places = name.StartsWith("X-Linked-", StringComparison.Ordinal)
                ? [.. before, response.Headers]
                : [response.Headers, response.Content.Headers];
            return places.Select(headers => headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null).FirstOrDefault(value => value is not null);
        }

        public void Dispose() => response.Dispose();
    }
}
