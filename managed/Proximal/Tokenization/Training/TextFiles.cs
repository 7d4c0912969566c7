using Proximal.Data;

namespace Proximal.Tokenization.Training;

/// <summary>Finds the files that paths mean.</summary>
internal static class TextFiles
{
    private static readonly string[] Extensions = [".txt", ".md", ".jsonl", ".ndjson", ".json"];

    // Links are left out: they may lead out of the folder or in circles.
    private static readonly EnumerationOptions Deep = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = false,
    };

    /// <summary>The files themselves, and the text files anywhere in folders, in the order of their names.</summary>
    /// <exception cref="DataFileException">A path does not exist, or a folder has no text file.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths) => [.. paths.SelectMany(FilesOf)];

    private static IEnumerable<string> FilesOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            throw new DataFileException(path, null, "no such file or folder: check the path");
        }

        string[] files = [.. Directory.EnumerateFiles(path, "*", Deep)
            .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new DataFileException(path, null, $"the folder has no {string.Join(", ", Extensions)} file: name the files themselves");
    }
}
