namespace Proximal.Internal;

/// <summary>Replaces files as a whole: a reader sees the old text or the new one, never half of it.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a UTF-8 text beside the file and renames it.</summary>
    public static void WriteText(string path, string text)
    {
        string beside = path + ".new";
        File.WriteAllText(beside, text);
        File.Move(beside, path, overwrite: true);
    }
}
