using System.Buffers.Binary;

namespace Proximal.Data.Sources;

/// <summary>Hands the bytes of a gzip file on, and keeps what tells whether all of them were there.</summary>
internal sealed class TailStream(Stream file) : Stream
{
    private long _total;
    private uint _last;
    private int _members;

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
        get => _total;
        set => throw new NotSupportedException();
    }

    /// <summary>Whether the file, read to its end, may hold so many bytes.</summary>
    /// <remarks>
    /// A member ends with its length modulo 2^32 (RFC 1952, ISIZE). Of a file of several only the last one's is known here, so
    /// that it can only be too large.
    /// </remarks>
    public bool MayHold(long bytes) => _total > 0 && (_members > 1 ? bytes > uint.MaxValue || Size <= bytes : Size == (uint)bytes);

    private uint Size => BinaryPrimitives.ReverseEndianness(_last);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int count = file.Read(buffer);
        foreach (byte value in buffer[..count])
        {
            _last = (_last << 8) | value;
            _members += (_last & 0xFFFFFF) == 0x1F8B08 ? 1 : 0;
        }

        _total += count;
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
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
