using Microsoft.Win32.SafeHandles;

namespace Proximal.Data;

/// <summary>Pieces of bytes, of which so many are in memory as are allowed; the others are in a scratch file, which is made when it is needed.</summary>
/// <remarks>The file is gone when the store is disposed of. One caller at a time.</remarks>
/// <param name="path">The scratch file, in place of one that is there.</param>
/// <param name="mostInMemory">The bytes that may be in memory.</param>
internal sealed class BlobStore(string path, long mostInMemory) : IDisposable
{
    private readonly List<long> _ends = [0];
    private readonly List<byte[]> _held = [];
    private SafeFileHandle? _file;
    private int _written;

    /// <summary>How many pieces there are.</summary>
    public int Count => _ends.Count - 1;

    /// <summary>Whether there is a scratch file.</summary>
    public bool IsSpilled => _file is not null;

    /// <summary>Appends a piece.</summary>
    /// <exception cref="IOException">The scratch file cannot be written.</exception>
    public void Add(byte[] bytes)
    {
        _ends.Add(_ends[^1] + bytes.Length);
        _held.Add(bytes);
        if (_ends[^1] - _ends[_written] > mostInMemory)
        {
            Spill();
        }
    }

    /// <summary>A piece.</summary>
    public byte[] Read(int index)
    {
        if (index >= _written)
        {
            return _held[index - _written];
        }

        byte[] bytes = new byte[checked((int)(_ends[index + 1] - _ends[index]))];
        for (int done = 0; done < bytes.Length;)
        {
            int count = RandomAccess.Read(_file!, bytes.AsSpan(done), _ends[index] + done);
            done += count > 0 ? count : throw new IOException($"The scratch file {path} has been cut while it was in use.");
        }

        return bytes;
    }

    /// <summary>Removes the file.</summary>
    public void Dispose() => _file?.Dispose();

    private void Spill()
    {
        _file ??= File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        foreach (byte[] bytes in _held)
        {
            RandomAccess.Write(_file, bytes, _ends[_written++]);
        }

        _held.Clear();
    }
}
