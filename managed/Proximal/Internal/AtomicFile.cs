using System.Text;

namespace Proximal.Internal;

/// <summary>Replaces files as a whole: a reader sees the old text or the new one, never half of it.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a UTF-8 text beside the file, makes it last, and renames it.</summary>
    public static void WriteText(string path, string text)
    {
        string beside = path + ".new";
        using (FileStream file = File.Create(beside))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
        Posix.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
