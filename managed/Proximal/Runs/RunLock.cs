using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>The right to write a run folder: one run at a time has it, and the end of its process gives it up.</summary>
/// <remarks>An advisory lock (flock) on <c>run.lock</c>, which names the process that holds it.</remarks>
internal sealed class RunLock : IDisposable
{
    public const string FileName = "run.lock";

    private readonly string _folder;
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly bool _created;

    private RunLock(string folder, string path, SafeFileHandle handle, bool created)
    {
        _folder = folder;
        _path = path;
        _handle = handle;
        _created = created;
    }

    /// <summary>Takes the lock; the folder is created, with its parents.</summary>
    /// <exception cref="RunFolderException">Another run has it, or the folder cannot be written.</exception>
    public static RunLock Take(string folder)
    {
        try
        {
            bool created = !Directory.Exists(folder);
            Directory.CreateDirectory(folder);
            string path = Path.Combine(folder, FileName);
            while (true)
            {
                SafeFileHandle handle = Lock(folder, path);
                if (Sign(handle, path))
                {
                    return new RunLock(folder, path, handle, created);
                }

                // A run that was ending has removed the file between the two steps.
                handle.Dispose();
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(
                folder, $"{folder} cannot be made a run folder: {exception.Message} Name another output folder.", exception);
        }
    }

    /// <summary>Gives the folder up; one that came to hold nothing goes.</summary>
    public void Dispose()
    {
        if (_handle.IsClosed)
        {
            return;
        }

        try
        {
            if (_created && Directory.EnumerateFileSystemEntries(_folder).All(entry => entry == _path))
            {
                File.Delete(_path);
                Directory.Delete(_folder);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The folder stays as it is.
        }

        _handle.Dispose();
    }

    private static SafeFileHandle Lock(string folder, string path)
    {
        SafeFileHandle handle = Posix.OpenShared(path);
        if (Posix.TryLock(handle, path))
        {
            return handle;
        }

        string owner = Read(handle).Split('\n')[0];
        handle.Dispose();
        throw new RunFolderException(
            folder,
            $"{folder} is in use by another run{(owner.Length > 0 ? $" ({owner})" : string.Empty)}: wait for its end or stop it, or "
            + "name another output folder.");
    }

    /// <summary>Writes who holds the lock.</summary>
    /// <returns>Whether the file that is locked is still the one that others see.</returns>
    private static bool Sign(SafeFileHandle handle, string path)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName}\n{Guid.NewGuid():N}\n");
        RandomAccess.SetLength(handle, 0);
        RandomAccess.Write(handle, Encoding.UTF8.GetBytes(text), 0);
        if (!File.Exists(path))
        {
            return false;
        }

        using SafeFileHandle seen = Posix.OpenShared(path);
        return Read(seen) == text;
    }

    private static string Read(SafeFileHandle handle)
    {
        byte[] buffer = new byte[512];
        return Encoding.UTF8.GetString(buffer.AsSpan(0, RandomAccess.Read(handle, buffer, 0)));
    }
}
