using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Proximal.Internal;

/// <summary>What .NET does not offer: folders that reach the disk, locks whose file others can still read, and files that are opened without waiting.</summary>
internal static partial class Posix
{
    private const string Library = "libc";
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int DoNotWait = 0x800;
    private const int Directory = 0x10000;
    private const int CloseOnExec = 0x80000;
    private const int ReadableByAll = 0x1A4; // 0644
    private const int Exclusive = 2;
    private const int NonBlocking = 4;
    private const int WouldBlock = 11;

    /// <summary>Makes the entries of a folder last: files and folders that were created, renamed or removed in it.</summary>
    public static void SyncFolder(string folder)
    {
        using SafeFileHandle handle = Open(folder, Directory | CloseOnExec, 0);
        if (handle.IsInvalid || Sync(handle) != 0)
        {
            throw Failure(folder);
        }
    }

    /// <summary>Opens or creates a file that any process may read meanwhile.</summary>
    public static SafeFileHandle OpenShared(string path)
    {
        SafeFileHandle handle = Open(path, ReadWrite | Create | CloseOnExec, ReadableByAll);
        return handle.IsInvalid ? throw Failure(path) : handle;
    }

    /// <summary>Opens what is at a path for reading; a pipe that nobody writes to does not keep the caller waiting.</summary>
    /// <returns><see langword="null"/> when it cannot be opened.</returns>
    public static SafeFileHandle? TryOpenForReading(string path)
    {
        SafeFileHandle handle = Open(path, DoNotWait | CloseOnExec, 0);
        if (!handle.IsInvalid)
        {
            return handle;
        }

        handle.Dispose();
        return null;
    }

    /// <summary>Locks a file until its handle is closed or the process ends.</summary>
    /// <returns>False when another handle has it locked.</returns>
    public static bool TryLock(SafeFileHandle handle, string path) =>
        Lock(handle, Exclusive | NonBlocking) == 0
        || (Marshal.GetLastPInvokeError() == WouldBlock ? false : throw Failure(path));

    private static IOException Failure(string path)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{new Win32Exception(error).Message} : '{path}'", error);
    }

    [LibraryImport(Library, EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}
