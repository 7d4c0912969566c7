using System.IO.Compression;

namespace Proximal.Data.Sources;

/// <summary>What a gzip file holds; unlike <see cref="GZipStream"/> it does not take a file that was cut off for a shorter one.</summary>
/// <remarks>The runtime checks the sum and the length at the end of a member, but not that there is an end.</remarks>
internal sealed class WholeGzipStream(Stream file) : Stream
{
    private readonly TailStream _tail = new(file);
    private GZipStream? _gzip;
    private long _position;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        _gzip ??= new GZipStream(_tail, CompressionMode.Decompress);
        int count = _gzip.Read(buffer);
        _position += count;
        if (count == 0 && buffer.Length > 0)
        {
            RequireEnd();
        }

        return count;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gzip?.Dispose();
            _tail.Dispose();
        }

        base.Dispose(disposing);
    }

    private void RequireEnd()
    {
        if (!_tail.MayHold(_position))
        {
            throw new InvalidDataException("it was cut off, or something stands behind its end: the length that it ends with is another than that of what is in it");
        }
    }
}
