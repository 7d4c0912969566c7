using System.Buffers;

namespace Proximal.Hub;

/// <summary>Brings one file's content into the cache: parts in parallel, appended in order, so that what is there is always a beginning to go on from.</summary>
internal sealed class HubDownload
{
    private const int Ahead = 4;

    private readonly HubClient _client;
    private readonly HubCache _cache;
    private readonly HubSettings _settings;
    private readonly Action<long> _progress;

    /// <param name="client">Asks for the bytes.</param>
    /// <param name="cache">Receives them.</param>
    /// <param name="settings">Sizes.</param>
    /// <param name="progress">Hears how many bytes came; a negative number takes some back.</param>
    public HubDownload(HubClient client, HubCache cache, HubSettings settings, Action<long> progress)
    {
        _client = client;
        _cache = cache;
        _settings = settings;
        _progress = progress;
    }

    /// <summary>Downloads what is not there, checks it, and puts it into its place.</summary>
    /// <exception cref="HubException">It does not come, or is not what the hub says it is.</exception>
    public async Task RunAsync(string commit, string name, HubFile file, CancellationToken cancellationToken)
    {
        _cache.Prepare();
        using IDisposable held = await _cache.LockAsync(file.Hash, cancellationToken).ConfigureAwait(false);
        if (_cache.Has(file))
        {
            _progress(file.Size);
            return;
        }

        // A beginning that another program left may be damaged: then it is worth one more try.
        bool resumed = new FileInfo(_cache.PartOf(file.Hash)) is { Exists: true, Length: > 0 };
        if (!await FetchAsync(commit, name, file, cancellationToken).ConfigureAwait(false)
            && (!resumed || !await FetchAsync(commit, name, file, cancellationToken).ConfigureAwait(false)))
        {
            throw new HubException(
                ProximalStatus.CorruptData,
                $"{name}: its content has not the hash that the hub names ({file.Hash}); it was not kept. Pull again; if that does not help, the server or a proxy between damages it");
        }

        _cache.Commit(file.Hash);
    }

    /// <returns>False when the content is wrong: then nothing is left of it.</returns>
    private async Task<bool> FetchAsync(string commit, string name, HubFile file, CancellationToken cancellationToken)
    {
        string path = _cache.PartOf(file.Hash);
        bool right;
        using (var part = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1 << 16))
        {
            var content = new Content(part, file, _progress);
            try
            {
                content.ReadBeginning();
                if (!await FetchPartsAsync(commit, name, file, content, cancellationToken).ConfigureAwait(false))
                {
                    await _client.ReadWholeAsync(commit, name, file, content.Restart, content.Append, cancellationToken).ConfigureAwait(false);
                }

                right = content.IsRight;
                part.Flush(flushToDisk: true);
            }
            finally
            {
                content.Dispose();
            }
        }

        if (!right)
        {
            File.Delete(path);
            _progress(-file.Size);
        }

        return right;
    }

    /// <returns>False when the server gives no parts.</returns>
    private async Task<bool> FetchPartsAsync(string commit, string name, HubFile file, Content content, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Queue<Task<Chunk>> coming = new();
        long next = content.Length;
        try
        {
            while (content.Length < file.Size)
            {
                while (coming.Count < Ahead && next < file.Size)
                {
                    int length = (int)Math.Min(_settings.ChunkBytes, file.Size - next);
                    coming.Enqueue(ReadAsync(commit, name, file, next, length, end.Token));
                    next += length;
                }

                using Chunk chunk = await coming.Dequeue().ConfigureAwait(false);
                if (!chunk.Came)
                {
                    return false;
                }

                content.AppendCounted(chunk.Bytes);
            }

            return true;
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            foreach (Task<Chunk> chunk in coming)
            {
                await DropAsync(chunk).ConfigureAwait(false);
            }
        }
    }

    private async Task<Chunk> ReadAsync(string commit, string name, HubFile file, long start, int length, CancellationToken cancellationToken)
    {
        var chunk = new Chunk(length);
        try
        {
            chunk.Came = await _client.ReadRangeAsync(commit, name, file, start, chunk.Memory, _progress, cancellationToken).ConfigureAwait(false);
            return chunk;
        }
        catch
        {
            chunk.Dispose();
            throw;
        }
    }

    /// <summary>Parts that came and are not appended are not there.</summary>
    private async Task DropAsync(Task<Chunk> coming)
    {
        try
        {
            using Chunk chunk = await coming.ConfigureAwait(false);
            _progress(chunk.Came ? -chunk.Memory.Length : 0);
        }
        catch (Exception failure) when (failure is HubException or OperationCanceledException)
        {
            // What ended the download is told by the part that it waited for.
        }
    }

    /// <summary>A part in memory.</summary>
    private sealed class Chunk(int length) : IDisposable
    {
        private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(length);

        public bool Came { get; set; }

        public Memory<byte> Memory => _buffer.AsMemory(0, length);

        public ReadOnlyMemory<byte> Bytes => Memory;

        public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
    }

    /// <summary>The file on the disk and its hash so far.</summary>
    private sealed class Content(FileStream part, HubFile file, Action<long> progress) : IDisposable
    {
        private HubHash _hash = new(file);

        public long Length { get; private set; }

        public bool IsRight => Length == file.Size && _hash.Matches();

        /// <summary>Counts and hashes what is there already.</summary>
        public void ReadBeginning()
        {
            if (part.Length > file.Size)
            {
                part.SetLength(0);
            }

            byte[] buffer = new byte[1 << 20];
            int count;
            while ((count = part.Read(buffer)) > 0)
            {
                _hash.Append(buffer.AsSpan(0, count));
                Length += count;
                progress(count);
            }
        }

        public void AppendCounted(ReadOnlyMemory<byte> bytes)
        {
            part.Write(bytes.Span);
            part.Flush();
            _hash.Append(bytes.Span);
            Length += bytes.Length;
        }

        public void Append(ReadOnlyMemory<byte> bytes)
        {
            AppendCounted(bytes);
            progress(bytes.Length);
        }

        public void Restart()
        {
            progress(-Length);
            _hash.Dispose();
            _hash = new HubHash(file);
            Length = 0;
            part.SetLength(0);
        }

        public void Dispose() => _hash.Dispose();
    }
}
