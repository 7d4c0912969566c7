namespace Proximal.Internal;

/// <summary>Reads files of somebody else's folder, whose entries may be links to anything.</summary>
internal static class WholeFile
{
    /// <summary>Reads a file of at most so many bytes. Links are followed: the hub's cache is made of them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <param name="length">The bytes that it has.</param>
    /// <returns>Its bytes; <see langword="null"/> when they are more than <paramref name="most"/>: then nothing was read.</returns>
    /// <exception cref="IOException">It cannot be read, or has no length of its own, as a pipe.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder or may not be read.</exception>
    public static byte[]? Read(string path, long most, out long length)
    {
        // The length is the open file's: a link's own is that of its text, and a device's is 0, whatever it gives.
        using FileStream stream = Open(path);
        length = stream.CanSeek ? stream.Length : throw new IOException($"{path} is no file, but a pipe or device.");
        if (length > most)
        {
            return null;
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)length);
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>.NET's way of opening waits for a pipe's writer, but says best why there is nothing to open.</summary>
    private static FileStream Open(string path) => !Directory.Exists(path) && Posix.TryOpenForReading(path) is { } handle
        ? new FileStream(handle, FileAccess.Read, bufferSize: 0)
        : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
