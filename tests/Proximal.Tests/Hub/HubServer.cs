using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Proximal.Tests.Rewards;

namespace Proximal.Tests.Hub;

/// <summary>A hub on a loopback port with one model, org/model, byte for byte in the hands of the test. Each connection carries one request.</summary>
internal sealed class HubServer : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    public HubServer()
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>The model's files; those whose names end in .safetensors or .bin are large ones, with a sha256.</summary>
    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>What is answered in place of the model's own answer; <see langword="null"/>: that.</summary>
    public Func<HubRequest, ServerAnswer?> Intercept { get; set; } = _ => null;

    /// <summary>Every request so far.</summary>
    public ConcurrentQueue<HubRequest> Requests { get; } = [];

    public IEnumerable<HubRequest> Gets => Requests.Where(request => request.Method == "GET" && request.Path.Contains("/resolve/", StringComparison.Ordinal));

    /// <summary>sha256 of a large file, git's hash of a small one.</summary>
    public static string HashOf(string name, byte[] content)
    {
        using var hash = IncrementalHash.CreateHash(IsLarge(name) ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        hash.AppendData(IsLarge(name) ? [] : Encoding.ASCII.GetBytes($"blob {content.Length}\0"));
        hash.AppendData(content);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    public static bool IsLarge(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith(".bin", StringComparison.Ordinal);

    /// <summary>An answer with a status, headers and an empty body.</summary>
    public static ServerAnswer Status(int status, string headers = "") => ServerAnswer.Text(string.Empty, status, headers);

    /// <summary>The model's own answer.</summary>
    public ServerAnswer Answer(HubRequest request)
    {
        string path = request.Path.Split('?')[0];
        if (path.StartsWith("/api/models/org/model/revision/", StringComparison.Ordinal))
        {
            return path.EndsWith("/none", StringComparison.Ordinal)
                ? Status(404, "X-Error-Code: RevisionNotFound\r\n")
                : ServerAnswer.Text(JsonSerializer.Serialize(new { sha = Commit, siblings = Files.Keys.Select(name => new { rfilename = name }) }));
        }

        string prefix = $"/org/model/resolve/{Commit}/";
        string name = path.StartsWith(prefix, StringComparison.Ordinal) ? Uri.UnescapeDataString(path[prefix.Length..]) : string.Empty;
        return Files.TryGetValue(name, out byte[]? content) ? File(request, name, content) : Status(404, "X-Error-Code: RepoNotFound\r\n");
    }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Stop();
        _accepting.Wait();
        Task.WaitAll([.. _connections]);
        _end.Dispose();
    }

    /// <summary>A file's answer with this content.</summary>
    public static ServerAnswer File(HubRequest request, string name, byte[] content)
    {
        string etag = IsLarge(name) ? $"X-Linked-Etag: \"{HashOf(name, content)}\"\r\nX-Linked-Size: {content.Length}\r\nETag: \"other\"\r\n" : $"ETag: \"{HashOf(name, content)}\"\r\n";
        byte[] body = request.Range is { } range ? content[range.From..(Math.Min(range.To, content.Length - 1) + 1)] : content;
        string partial = request.Range is { } part ? $"Content-Range: bytes {part.From}-{part.To}/{content.Length}\r\n" : string.Empty;
        string head = $"HTTP/1.1 {(request.Range is null ? 200 : 206)} X\r\nX-Repo-Commit: {Commit}\r\n{etag}{partial}Content-Length: {body.Length}\r\nConnection: close\r\n\r\n";
        return new ServerAnswer([.. Encoding.ASCII.GetBytes(head), .. request.Method == "HEAD" ? [] : body]);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                HubRequest request = await ReadAsync(stream);
                Requests.Enqueue(request);
                ServerAnswer answer = Intercept(request) ?? Answer(request);
                await stream.WriteAsync(answer.Bytes, _end.Token);
                if (answer.Hang)
                {
                    _ = await stream.ReadAsync(new byte[1], _end.Token);
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
            {
            }
        }
    }

    private async Task<HubRequest> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[1 << 12];
        while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            int count = await stream.ReadAsync(buffer, _end.Token);
            text.Append(count > 0 ? Encoding.Latin1.GetString(buffer, 0, count) : throw new IOException("The client is gone."));
        }

        string[] lines = text.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        return new HubRequest(first[0], first[1], lines[1..].Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase));
    }
}
