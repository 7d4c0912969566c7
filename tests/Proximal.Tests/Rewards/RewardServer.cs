using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Proximal.Tests.Rewards;

/// <summary>A reward service on a loopback port, byte for byte in the hands of the test.</summary>
/// <remarks>Each connection carries one request. The answer to request n (from 0) is what the test's function gives.</remarks>
internal sealed class RewardServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<int, JsonElement, Task<ServerAnswer>> _answer;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private int _requests;

    public RewardServer(Func<int, JsonElement, Task<ServerAnswer>> answer)
    {
        _answer = answer;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    public RewardServer(Func<int, JsonElement, ServerAnswer> answer)
        : this((number, body) => Task.FromResult(answer(number, body)))
    {
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}/score";

    /// <summary>Requests so far.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>The head of each request and its body, in the order of arrival.</summary>
    public ConcurrentQueue<(string Head, JsonElement Body)> Received { get; } = [];

    /// <summary>A port that nothing listens on.</summary>
    public static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>One score a row: the response's length over ten, minus one for each letter e.</summary>
    public static ServerAnswer Scores(JsonElement body) => ServerAnswer.Json(new
    {
        scores = body.GetProperty("rows").EnumerateArray().Select(row => Score(row.GetProperty("response").GetString()!)),
    });

    public static double Score(string response) => (response.Length / 10.0) - response.Count(letter => letter == 'e');

    /// <summary>Stops to listen: who connects from now on is refused.</summary>
    public void Close() => _listener.Stop();

    public void Dispose()
    {
        _end.Cancel();
        _listener.Stop();
        _accepting.Wait();
        Task.WaitAll([.. _connections]);
        _end.Dispose();
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
                (string head, byte[] body) = await ReadAsync(stream);
                JsonElement json = JsonDocument.Parse(body).RootElement;
                int number = Interlocked.Increment(ref _requests) - 1;
                Received.Enqueue((head, json));
                ServerAnswer answer = await _answer(number, json);
                await stream.WriteAsync(answer.Bytes, _end.Token);
                if (answer.Hang)
                {
                    _ = await stream.ReadAsync(new byte[1], _end.Token); // until the client gives up
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
            {
            }
        }
    }

    private async Task<(string Head, byte[] Body)> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            string text = Encoding.Latin1.GetString([.. bytes]);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && bytes.Count >= end + 4 + LengthOf(text[..end]))
            {
                return (text[..end], [.. bytes.Skip(end + 4)]);
            }

            int count = await stream.ReadAsync(buffer, _end.Token);
            bytes.AddRange(count > 0 ? buffer.AsSpan(0, count) : throw new IOException("The client is gone."));
        }
    }

    private static int LengthOf(string head) => int.Parse(
        head.Split("\r\n").Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1],
        CultureInfo.InvariantCulture);
}
