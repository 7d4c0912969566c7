namespace Proximal.Tests.Fuzz;

/// <summary>What a target reads.</summary>
/// <param name="Kind">Which of the target's parsers it is for.</param>
/// <param name="Bytes">The bytes.</param>
/// <param name="Folder">A folder of the target's own.</param>
internal sealed record FuzzInput(string Kind, byte[] Bytes, string Folder)
{
    /// <summary>Writes the bytes into the folder.</summary>
    /// <returns>The file.</returns>
    public string Write(string name)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, Bytes);
        return path;
    }

    /// <summary>Writes a text beside it, once.</summary>
    public void Beside(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }
    }
}
