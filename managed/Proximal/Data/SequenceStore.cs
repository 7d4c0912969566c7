using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Proximal.Data;

/// <summary>Sequences of tokens in a scratch file: what a training run reads may be larger than memory.</summary>
/// <remarks>The file is gone when the store is disposed of. First all sequences are added, then they are read. One caller at a time.</remarks>
internal sealed class SequenceStore : IDisposable
{
    private const int BufferTokens = 1 << 16;

    private readonly SafeFileHandle _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<long> _ends = [0];
    private readonly int[] _buffer = new int[BufferTokens];
    private long _written;
    private int _buffered;

    /// <summary>Makes the file, in place of one that is there.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public SequenceStore(string path) => _file = File.OpenHandle(
        path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);

    /// <summary>Sequences.</summary>
    public int Count => _ends.Count - 1;

    /// <summary>Tokens of all sequences.</summary>
    public long Tokens => _ends[^1];

    /// <summary>Appends a sequence.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Add(ReadOnlySpan<int> tokens)
    {
        _hash.AppendData(MemoryMarshal.AsBytes([tokens.Length]));
        _hash.AppendData(MemoryMarshal.AsBytes(tokens));
        _ends.Add(Tokens + tokens.Length);
        while (!tokens.IsEmpty)
        {
            int count = Math.Min(tokens.Length, BufferTokens - _buffered);
            tokens[..count].CopyTo(_buffer.AsSpan(_buffered));
            tokens = tokens[count..];
            _buffered += count;
            if (_buffered == BufferTokens)
            {
                Flush();
            }
        }
    }

    /// <summary>The tokens of a sequence.</summary>
    public int[] Read(int index)
    {
        Flush();
        int[] tokens = new int[checked((int)(_ends[index + 1] - _ends[index]))];
        Span<byte> bytes = MemoryMarshal.AsBytes(tokens.AsSpan());
        long offset = _ends[index] * sizeof(int);
        for (int done = 0; done < bytes.Length;)
        {
            int count = RandomAccess.Read(_file, bytes[done..], offset + done);
            done += count > 0 ? count : throw new IOException("The scratch file of the tokens has been cut while it was in use.");
        }

        return tokens;
    }

    /// <summary>SHA-256 of all sequences, in their order. Nothing can be added after.</summary>
    public string Fingerprint() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <summary>Removes the file.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }

    private void Flush()
    {
        if (_buffered > 0)
        {
            RandomAccess.Write(_file, MemoryMarshal.AsBytes(_buffer.AsSpan(0, _buffered)), _written * sizeof(int));
            _written += _buffered;
            _buffered = 0;
        }
    }
}
