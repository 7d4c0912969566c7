using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;

namespace Proximal.Tests.Runs.Checkpoints;

/// <summary>A file system in memory that is soon full. Mounting needs root: without it the test is skipped and says so.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    /// <summary>Mounts a disk of so many kibibytes on a folder, which is created.</summary>
    public static SmallDisk Mount(string folder, int kibibytes)
    {
        if (Environment.UserName != "root")
        {
            Assert.Ignore("no right to mount a tmpfs: run the tests as root");
        }

        Directory.CreateDirectory(folder);
        Run("mount", "-t", "tmpfs", "-o", Size(kibibytes), "tmpfs", folder);
        return new SmallDisk(folder);
    }

    /// <summary>Gives the disk another size.</summary>
    public void Resize(int kibibytes) => Run("mount", "-o", $"remount,{Size(kibibytes)}", _folder);

    public void Dispose() => Run("umount", _folder);

    private static string Size(int kibibytes) => string.Create(CultureInfo.InvariantCulture, $"size={kibibytes}k");

    private static void Run(string command, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            Assert.Ignore($"no right to mount a tmpfs: {error.Trim()}");
        }
    }
}
